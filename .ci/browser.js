// What only a browser can tell: whether every picture is seen, and every text within its picture.
addEventListener("load", () => {
  const wrong = [];
  const pictures = [...document.querySelectorAll("figure svg")];
  for (const svg of pictures) {
    const name = svg.querySelector("title").id;
    const { width, height } = svg.getBoundingClientRect();
    if (width < 200 || height < 40) wrong.push(`${name}: ${width} x ${height} is not seen`);
    const whole = svg.viewBox.baseVal;
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBBox();
      const inside = box.x >= -1 && box.y >= -1
        && box.x + box.width <= whole.width + 1 && box.y + box.height <= whole.height + 1;
      if (!inside) wrong.push(`${name}: ${text.textContent} is cut`);
    }
  }
  if (pictures.length === 0) wrong.push("there is no picture");
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) wrong.push("the page is wider than its window");
  // What has a row an instant tells it under the pointer; pages without such a table have none.
  const figure = [...document.querySelectorAll("figure")].find(f => f.querySelector("tr[data-t]"));
  if (figure) {
    const svg = figure.querySelector("svg");
    const place = svg.getBoundingClientRect();
    const at = { clientX: place.left + place.width / 2, clientY: place.top + 5 };
    svg.dispatchEvent(new PointerEvent("pointermove", at));
    if (document.getElementById("tip").hidden) wrong.push("no tooltip");
  }
  const told = document.createElement("pre");
  told.id = "probe";
  told.textContent = wrong.join("; ") || `fine, ${pictures.length} pictures`;
  document.body.append(told);
});
