(() => {
  const tip = document.getElementById("tip");
  const pictures = [...document.querySelectorAll("figure[data-until]")].map(figure => ({
    svg: figure.querySelector("svg"),
    cross: figure.querySelector(".cross"),
    from: +figure.dataset.from,
    until: +figure.dataset.until,
    left: +figure.dataset.left,
    right: +figure.dataset.right,
    head: [...figure.querySelectorAll("thead th")].map(cell => cell.textContent),
    rows: [...figure.querySelectorAll("tr[data-t]")],
  }));
  const hide = () => {
    tip.hidden = true;
    for (const { cross } of pictures) cross.setAttribute("visibility", "hidden");
  };
  const show = (picture, event) => {
    const box = picture.svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * picture.svg.viewBox.baseVal.width;
    const share = (x - picture.left) / (picture.right - picture.left);
    if (share < 0 || share > 1) return hide();
    const t = picture.from + share * (picture.until - picture.from);
    for (const { cross, from, until, left, right } of pictures) {
      const at = left + (t - from) / (until - from) * (right - left);
      cross.setAttribute("x1", at);
      cross.setAttribute("x2", at);
      cross.setAttribute("visibility", at < left || at > right ? "hidden" : "visible");
    }
    const row = picture.rows.findLast(row => +row.dataset.t <= t);
    if (!row) { tip.hidden = true; return; }
    const cells = [...row.cells].map(cell => cell.textContent);
    tip.textContent = cells.map((cell, at) => picture.head[at] + "  " + cell).join("\n");
    tip.hidden = false;
    const side = event.clientX > innerWidth / 2 ? -tip.offsetWidth - 14 : 14;
    tip.style.left = Math.max(0, event.clientX + side) + "px";
    tip.style.top = Math.max(0, Math.min(event.clientY + 10, innerHeight - tip.offsetHeight)) + "px";
  };
  for (const picture of pictures) {
    picture.svg.addEventListener("pointermove", event => show(picture, event));
    picture.svg.addEventListener("pointerleave", hide);
  }
})();
