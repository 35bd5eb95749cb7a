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
