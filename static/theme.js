// Before the first paint: the look that was chosen here, else the one of the system. Django's admin shares the key, and
// keeps "auto" there.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const applyTheme = () => {
  const chosen = localStorage.getItem("theme");
  const theme = ["dark", "light"].includes(chosen) ? chosen : dark.matches ? "dark" : "light";
  document.documentElement.setAttribute("data-bs-theme", theme);
};
applyTheme();
dark.addEventListener("change", applyTheme);
