// Before the first paint: the look that was chosen here, else the one of the system. Django's admin shares the key, and
// keeps "auto" there.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const chosenTheme = () => {
  try { return localStorage.getItem("theme"); } catch { return null; } // a frame may be kept from its storage
};
const applyTheme = () => {
  const chosen = chosenTheme();
  const theme = ["dark", "light"].includes(chosen) ? chosen : dark.matches ? "dark" : "light";
  document.documentElement.setAttribute("data-bs-theme", theme);
};
applyTheme();
dark.addEventListener("change", applyTheme);
