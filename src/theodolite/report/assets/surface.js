// The same plane seen from the side: far cells are painted first, so that near ones cover them.
function surface(place, plane) {
  const one = plane.one, w = roomIn(place, printing() ? 300 : 560), height = Math.round(w * 0.84), scale = w * 0.285, cx = w / 2, cy = height * 0.52;
  const unit = 1.5 / plane.extent, rise = 1.25 / (plane.top - plane.low), cs = Math.cos(state.yaw), sn = Math.sin(state.yaw), cp = Math.cos(state.pitch), sp = Math.sin(state.pitch);
  const depth = (a, b) => (-a * cs + b * sn) * unit, lift = (v) => (v - plane.low) * rise - 0.6;
  const project = ([a, b, v]) => [cx + (b * cs + a * sn) * unit * scale, cy - ((depth(a, b) - 0.15) * sp + lift(v) * cp) * scale];
  const point = (p) => project(p).map(px).join(" ");
  // The rim nearest to the reader is cut just past the outermost mark, so that the pass stands on the edge.
  const rim = Math.max(...one.marks.map((m) => m.x), -plane.extent), last = rim > 0.3 * plane.extent && state.yaw > -0.8 && state.yaw < 1.3 ? Math.min(N, Math.round((rim / plane.extent + 1 + 0.055) * N / 2)) : N;
  const items = [];
  plane.cells.forEach((cell, k) => {
    const c = k % N;
    if (c >= last || cell.least >= plane.top) return;
    const far = depth((cell[0][0] + cell[2][0]) / 2, (cell[0][1] + cell[2][1]) / 2), shape = cell.most > plane.top ? cut(cell, plane.top, false) : cell;
    if (shape.length < 3) return;
    const bounds = plane.tints.filter((v, j) => j && v > cell.least && v < cell.most);
    let low = -Infinity;
    for (const high of [...bounds, Infinity]) {
      let part = low > -Infinity ? cut(shape, low, true) : shape;
      if (high < Infinity) part = cut(part, high, false);
      if (part.length > 2) items.push([far, false, plane.tint(low > -Infinity ? low : cell.least), `M${part.map(point).join("L")}Z`]);
      low = high;
    }
    for (const v of [...plane.levels, plane.top]) for (const [a, b] of crossings(cell, v)) items.push([far - 0.001, true, v === plane.top ? "var(--rule)" : "var(--iso)", `M${point(a)}L${point(b)}`, 0.7]);
    if (c === last - 1 && last < N && cell[1][2] < plane.top && cell[2][2] < plane.top) items.push([far - 0.03, true, "var(--ink2)", `M${point(cell[1])}L${point(cell[2])}`, 1]);
  });
  const edge = plane.at(last);
  for (const [a, b] of plane.line) {
    // In the order of the cell that it lies in, so that what covers the cell covers it.
    const [c, r] = [a[0] + b[0], a[1] + b[1]].map((v) => Math.floor((v / 2 / plane.extent + 1) * N / 2));
    if (a[0] <= edge && b[0] <= edge) items.push([depth(plane.at(c + 0.5), plane.at(r + 0.5)) - 0.03, true, `var(${page.kinds[plane.here.kind][3]})`, `M${point(a)}L${point(b)}`, 1.5]);
  }
  const on = ([a, b]) => [a, b, plane.loss(a, b)];
  for (let k = 1; k < plane.path.length; k++) {
    const a = plane.path[k - 1], b = plane.path[k];
    items.push([depth((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) - 0.08, true, "var(--ink)", `M${point(on(a))}L${point(on(b))}`, 2.2]);
  }
  items.sort((a, b) => b[0] - a[0]);
  const out = [];
  for (let k = 0; k < items.length;) {
    const [, stroke, colour, , wide] = items[k];
    let d = "";
    for (; k < items.length && items[k][1] === stroke && items[k][2] === colour && items[k][4] === wide; k++) d += items[k][3];
    out.push(stroke ? h`<path d="${d}" stroke="${colour}" stroke-width="${wide}" fill="none" stroke-linecap="round"/>` : h`<path d="${d}" fill="${colour}" stroke="${colour}" stroke-width=".6"/>`);
  }
  // A mark behind the surface is drawn faint: follow the line of sight from it toward the reader.
  const hidden = (m) => {
    for (let t = 0.06; t < 3; t += 0.03) {
      const a = m.x + (t * cs) / unit, b = m.y - (t * sn) / unit;
      if (a > edge || Math.abs(a) > plane.extent || Math.abs(b) > plane.extent) return false;
      const v = plane.loss(a, b);
      if (v < plane.top && lift(v) > lift(m.value) + (t * sp) / cp + 0.02) return true;
    }
    return false;
  };
  const seen = one.marks.filter((m) => m.x <= edge), placer = new Placer(w, height);
  const at = (m) => project([m.x, m.y, m.value]);
  for (const m of seen) placer.block(...at(m), 8);
  plane.path.forEach((p, i) => { if (i % 5 === 0) placer.block(...project(on(p)), 3); });
  const labels = markLabels(seen, placer, at, false);
  seen.forEach((m, i) => out.push(planeMark(m, ...at(m), labels[i], hidden(m) ? 0.35 : 1)));
  put(place, drawing(w, height, h`class="turn" tabindex="0" role="img" aria-label="The plane of the map seen from the side, height for loss. Arrow keys turn it. ${mapWords(plane)}"`, out));
}

// Figures of the chosen set, below the ladder: planes one under the other, charts side by side.
let planes = [];
function figures() {
  const place = find("#figures"), own = panelsOf(state.row), maps = own.filter((one) => one.tag === "plane"), charts = own.filter((one) => ["profile", "curves", "slides", "field", "arrangement"].includes(one.tag));
  planes = [];
  put(place, [maps.map((one) => h`<section><h2>${one.title}</h2><p class="cap wide">${one.caption} <span data-note></span></p>
    <div class="grid"><div class="c6" data-map></div><div class="c6"><div data-surface></div><p class="cap" style="margin:0">The same plane and contours from the side, with height for loss; marks behind the surface are faint. <span class="noprint">Drag or use the arrow keys to turn.</span></p></div></div></section>`),
  charts.length ? h`<section class="grid">${charts.map((one) => h`<div class="${charts.length > 1 ? "c6" : "c7"}"><h2>${one.title}</h2><p class="cap">${one.caption}</p><div data-chart></div></div>`)}</section>` : null]);
  maps.forEach((one, i) => {
    const box = place.children[i], plane = new Plane(one), view = box.querySelector("[data-surface]");
    box.querySelector("[data-note]").textContent = `Contours every ${tickText(plane.step, plane.step)}${plane.pass === null ? "" : "; the coloured one is at the height of the chosen set, and the dark line is steepest descent within this plane"}. Not drawn above ${number(plane.top)}. The loss on the plane is a polynomial, evaluated at ${grouped((N + 1) ** 2)} points.`;
    contourMap(box.querySelector("[data-map]"), plane);
    surface(view, plane);
    planes.push([view, plane]);
  });
  place.querySelectorAll("[data-chart]").forEach((box, i) => ({ profile, curves, slides, field, arrangement })[charts[i].tag](box, charts[i]));
}
function turn(dx, dy, by) {
  state.yaw += dx * by;
  state.pitch = Math.max(0.2, Math.min(1.4, state.pitch + dy * by));
  const focused = planes.findIndex(([view]) => view.contains(document.activeElement));
  for (const [view, plane] of planes) surface(view, plane);
  if (focused >= 0) planes[focused][0].firstElementChild.focus({ preventScroll: true });
}
