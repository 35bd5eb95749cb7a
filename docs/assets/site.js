// A table that is wider than the screen scrolls; who has no mouse must be able to get into it.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth;
    target.toggleAttribute("tabindex", scrolls);
    if (scrolls) {
      target.tabIndex = 0;
      target.setAttribute("role", "group");
      target.setAttribute("aria-label", "Table");
    }
  }
});
new MutationObserver(() => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) widths.observe(wrap);
}).observe(document.documentElement, { childList: true, subtree: true });

// Beside the live service, as `scripts/site --serve` shows them, each page leads to the Jobs page.
addEventListener("DOMContentLoaded", () => {
  if (document.documentElement.dataset.service !== "live") return;
  const link = document.createElement("a");
  link.href = "/ui/jobs";
  link.textContent = "Jobs page";
  link.className = "service-link";
  document.querySelector(".md-header__title").after(link);
});
