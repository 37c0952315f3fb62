/* Runs before the first paint, so that the page does not flash in the other theme. */

(() => {
  try {
    const theme = localStorage.getItem("local-slack-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Without localStorage the page has the theme of the browser's settings.
  }
})();
