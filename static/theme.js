// Before the first paint: the look that was chosen here, else the one of the system.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const applyTheme = () => {
  const theme = localStorage.getItem("theme") || (dark.matches ? "dark" : "light");
  document.documentElement.setAttribute("data-bs-theme", theme);
};
applyTheme();
dark.addEventListener("change", applyTheme);
