// The way out on a plane through parameter space: the loss there is a polynomial, so the map is as exact as its coefficients.
const N = 50;

class Plane {
  constructor(one) {
    this.one = one;
    this.extent = one.extent;
    const grid = this.grid = [];
    for (let r = 0; r <= N; r++) grid.push(Array.from({ length: N + 1 }, (_, c) => this.loss(this.at(c), this.at(r))));
    const flat = grid.flat(), heights = one.marks.map((mark) => mark.value);
    this.low = Math.min(...flat, ...heights);
    const highest = Math.max(...heights, this.low), middle = [...flat].sort((a, b) => a - b)[flat.length >> 1];
    const reach = highest - this.low;
    this.top = reach > 1e-9 * Math.abs(highest) ? highest + 0.14 * reach : middle > this.low ? middle : this.low + 1;
    this.step = niceStep(this.top - this.low, 11);
    this.here = one.marks.find((mark) => mark.here) || null;
    const all = [];
    for (let k = Math.ceil(this.low / this.step - 1e-9); k * this.step <= this.top; k++) all.push(k * this.step);
    const group = Math.ceil((all.length + 1) / 7);
    this.tints = Array.from({ length: 7 }, (_, i) => (i ? all[i * group - 1] ?? Infinity : -Infinity));
    this.pass = one.goal !== null && this.here ? this.here.value : null;
    this.levels = this.pass === null ? all : all.filter((v) => Math.abs(v - this.pass) > 0.2 * this.step);
    this.cells = [];
    for (let r = 0; r < N; r++) {
      for (let c = 0; c < N; c++) {
        const cell = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]].map(([i, j]) => [this.at(i), this.at(j), grid[j][i]]);
        cell.least = Math.min(...cell.map((p) => p[2]));
        cell.most = Math.max(...cell.map((p) => p[2]));
        this.cells.push(cell);
      }
    }
    this.line = this.pass === null ? [] : this.traced();
    this.path = this.descent();
  }
  at(k) { return -this.extent + (2 * this.extent * k) / N; }
  loss(x, y) {
    let sum = 0;
    for (let i = this.one.coefficients.length - 1; i >= 0; i--) sum = sum * x + this.one.coefficients[i].reduceRight((s, c) => s * y + c, 0);
    return sum;
  }
  slope(x, y) {
    const e = 1e-5 * this.extent;
    return [(this.loss(x + e, y) - this.loss(x - e, y)) / (2 * e), (this.loss(x, y + e) - this.loss(x, y - e)) / (2 * e)];
  }
  // The pass is traced on a finer grid than the rest: near a saddle its branches come close.
  traced() {
    const n = 160, side = Array.from({ length: n + 1 }, (_, k) => -this.extent + (2 * this.extent * k) / n), level = this.pass - 1e-9 * (this.top - this.low), out = [];
    const grid = side.map((y) => side.map((x) => this.loss(x, y)));
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        const cell = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]].map(([i, j]) => [side[i], side[j], grid[j][i]]);
        cell.least = Math.min(cell[0][2], cell[1][2], cell[2][2], cell[3][2]);
        cell.most = Math.max(cell[0][2], cell[1][2], cell[2][2], cell[3][2]);
        out.push(...crossings(cell, level));
      }
    }
    return out;
  }
  tint(v) { let k = 0; while (k < 6 && v >= this.tints[k + 1]) k++; return `var(--t${k})`; }
  // Steepest descent in the plane, from the chosen set along its sharpest way down toward the goal.
  descent() {
    if (this.pass === null) return [];
    const goal = this.one.marks[this.one.goal], stride = this.extent / 240, e = 1e-3 * this.extent;
    let { x, y } = this.here;
    const f = (a, b) => this.loss(x + a, y + b), f0 = f(0, 0);
    const a = f(e, 0) + f(-e, 0) - 2 * f0, d = f(0, e) + f(0, -e) - 2 * f0, b = (f(e, e) - f(e, -e) - f(-e, e) + f(-e, -e)) / 4;
    const angle = 0.5 * Math.atan2(2 * b, a - d) + Math.PI / 2, toward = [goal.x - x, goal.y - y];
    let way = [Math.cos(angle), Math.sin(angle)];
    const along = way[0] * toward[0] + way[1] * toward[1];
    way = way.map((part) => part * (along < 0 ? -1 : 1));
    if (Math.abs(along) < 1e-9 || (a + d) / 2 - Math.hypot((a - d) / 2, b) > -1e-12 * Math.abs(f0)) {
      const long = Math.hypot(...toward) || 1;
      way = toward.map((part) => part / long);
    }
    const path = [[x, y]];
    x += way[0] * 2 * stride; y += way[1] * 2 * stride;
    let before = this.loss(x, y), step = stride;
    for (let k = 0; k < 6000; k++) {
      if (Math.hypot(goal.x - x, goal.y - y) < 0.02 * this.extent) break;
      const [gx, gy] = this.slope(x, y), size = Math.hypot(gx, gy);
      if (!size) break;
      const nx = x - step * gx / size, ny = y - step * gy / size, now = this.loss(nx, ny);
      if (now >= before) { // too long a step for this narrow a valley
        step /= 2;
        if (step < 1e-4 * stride) break;
        continue;
      }
      [x, y, before] = [nx, ny, now];
      step = Math.min(stride, 1.5 * step);
      const [lx, ly] = path[path.length - 1];
      if (Math.hypot(x - lx, y - ly) > stride) path.push([x, y]);
    }
    path.push([x, y]);
    if (Math.hypot(goal.x - x, goal.y - y) < 0.06 * this.extent) path.push([goal.x, goal.y]);
    return path;
  }
}

const cut = (points, v, above) => {
  const out = [];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length], in1 = above ? a[2] >= v : a[2] <= v, in2 = above ? b[2] >= v : b[2] <= v;
    if (in1) out.push(a);
    if (in1 !== in2) { const t = (v - a[2]) / (b[2] - a[2]); out.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), v]); }
  });
  return out;
};
function crossings(cell, v) {
  if (cell.least > v || cell.most < v) return [];
  const out = [];
  for (let i = 0; i < 4; i++) {
    const a = cell[i], b = cell[(i + 1) % 4];
    if ((a[2] < v) !== (b[2] < v)) { const t = (v - a[2]) / (b[2] - a[2]); out.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), v]); }
  }
  if (out.length !== 4) return out.length === 2 ? [out] : [];
  const middle = (cell[0][2] + cell[1][2] + cell[2][2] + cell[3][2]) / 4;
  return (middle < v) === (cell[0][2] < v) ? [[out[0], out[1]], [out[2], out[3]]] : [[out[0], out[3]], [out[1], out[2]]];
}

function contourMap(place, plane) {
  const one = plane.one, w = roomIn(place, printing() ? 300 : 560), ticks = ticksBetween(-plane.extent, plane.extent, 4);
  const margin = 12 + Math.max(...ticks.map((tick) => textWidth(tick[1], 12))), n = w - margin - 8, height = Math.round(n + 6 + 44);
  const X = (a) => margin + (a + plane.extent) / (2 * plane.extent) * n, Y = (b) => 6 + (plane.extent - b) / (2 * plane.extent) * n;
  const point = (p) => `${px(X(p[0]))} ${px(Y(p[1]))}`, out = [];
  plane.tints.forEach((from, k) => {
    if (from === Infinity) return;
    let d = "";
    for (const cell of plane.cells) {
      if (cell.most < from || cell.least > plane.top) continue;
      for (const half of [[cell[0], cell[1], cell[2]], [cell[0], cell[2], cell[3]]]) {
        const shape = cut(k ? cut(half, from, true) : half, plane.top, false);
        if (shape.length > 2) d += `M${shape.map(point).join("L")}Z`;
      }
    }
    out.push(h`<path d="${d}" fill="var(--t${k})" stroke="var(--t${k})" stroke-width=".7"/>`);
  });
  const line = (v) => plane.cells.flatMap((cell) => crossings(cell, v)).map(([a, b]) => `M${point(a)}L${point(b)}`).join("");
  for (const v of plane.levels) out.push(h`<path d="${line(v)}" fill="none" stroke="var(--iso)" stroke-width="${Math.round(v / plane.step) % 5 ? 0.6 : 1.1}"/>`);
  out.push(h`<path d="${line(plane.top)}" fill="none" stroke="var(--rule)"/><rect x="${px(margin)}" y="6" width="${px(n)}" height="${px(n)}" fill="none" stroke="var(--hair)"/>`);
  if (plane.pass !== null) out.push(h`<path d="${plane.line.map(([a, b]) => `M${point(a)}L${point(b)}`).join("")}" fill="none" stroke-linecap="round" stroke="var(${page.kinds[plane.here.kind][3]})" stroke-width="1.5"/>`);
  for (const [v, text] of ticks) {
    out.push(h`<path d="M${px(X(v))} ${px(n + 6)}v4M${px(margin - 4)} ${px(Y(v))}h4" stroke="var(--rule)"/><text x="${px(X(v))}" y="${px(n + 22)}" font-size="12" text-anchor="middle" class="soft">${text}</text><text x="${px(margin - 8)}" y="${px(Y(v) + 4)}" font-size="12" text-anchor="end" class="soft">${text}</text>`);
  }
  const half = w / 2 - 12, fit = (text) => { let most = 60; while (most > 6 && textWidth(shortened(text, most), 12) > half) most--; return shortened(text, most); };
  out.push(h`<text x="${px(margin + n)}" y="${height - 4}" font-size="12" text-anchor="end" class="soft">${fit(one.x_label)} →</text><text x="0" y="${height - 4}" font-size="12" class="soft">↑ ${fit(one.y_label)}</text>`);
  if (plane.path.length) out.push(h`<path d="M${plane.path.map(point).join("L")}" fill="none" stroke="var(--ink)" stroke-width="2"/>`);
  const placer = new Placer(w, n + 6);
  for (const mark of one.marks) placer.block(X(mark.x), Y(mark.y), 8);
  plane.path.forEach(([a, b], i) => { if (i % 5 === 0) placer.block(X(a), Y(b), 3); });
  const labels = markLabels(one.marks, placer, (mark) => [X(mark.x), Y(mark.y)], true);
  out.push(levelLabels(plane, X, Y, placer), one.marks.map((mark, i) => planeMark(mark, X(mark.x), Y(mark.y), labels[i])));
  put(place, drawing(w, height, h`role="img" aria-label="${mapWords(plane)}"`, out));
}

const mapWords = (plane) => `Contour map of the loss in a plane, ${plane.one.x_label} across and ${plane.one.y_label} up, contours every ${number(plane.step)}. Critical points in it: ${plane.one.marks.map((m) => `${m.label}, ${kindWords(m.kind)}, at (${number(m.x)}, ${number(m.y)}), loss ${m.shown}`).join("; ")}.`;

// A set that lies in the plane more than once is labelled once: where the way starts or ends, else at its first point.
function markLabels(marks, placer, at, values) {
  const done = new Set(), out = marks.map(() => null);
  const order = [...marks.keys()].sort((p, q) => marks[q].here - marks[p].here);
  for (const i of order) {
    const m = marks[i], name = isolated(shortened(m.label, 18));
    if (done.has(m.label)) continue;
    const [x, y] = at(m), weight = m.here ? 600 : 400, long = textWidth(name, 13, weight), wide = values ? long + 6 + textWidth(m.shown, 12) : long;
    const spot = placer.place(x, y, wide, m.here ? 16 : 12, m.here);
    if (!spot) continue;
    done.add(m.label);
    out[i] = h`<text x="${px(spot[0])}" y="${px(spot[1])}" text-anchor="${spot[2]}" font-size="13" font-weight="${weight}" class="halo">${name}${values ? h`<tspan dx="6" font-size="12" font-weight="400">${m.shown}</tspan>` : null}</text>`;
  }
  return out;
}
const planeMark = (m, x, y, label, opacity = 1) => h`<g class="f" data-go="${m.row ?? ""}" opacity="${opacity}"><circle class="focus" cx="${px(x)}" cy="${px(y)}" r="14"/>${m.here ? ring(x, y) : null}${mark(m.kind, x, y, 6)}${label}</g>`;

// Heights are written along one ray, where the contours that it crosses leave room.
function levelLabels(plane, X, Y, placer) {
  const out = [], ray = [-0.55, -0.835];
  plane.levels.forEach((v, i) => {
    if (i % 2) return;
    for (let t = plane.extent * 1.15; t > 0.3 * plane.extent; t -= plane.extent / 400) {
      const x = ray[0] * t, y = ray[1] * t;
      if (Math.abs(y) > plane.extent || plane.loss(x, y) > v) continue;
      if (plane.loss(x * 1.01, y * 1.01) < v) break;
      const text = tickText(v, plane.step), half = textWidth(text, 11) / 2 + 5, box = [X(x) - half, Y(y) - 10, X(x) + half, Y(y) + 10];
      if (placer.free(box)) {
        placer.boxes.push(box);
        out.push(h`<text x="${px(X(x))}" y="${px(Y(y) + 4)}" font-size="11" text-anchor="middle" class="halo soft">${text}</text>`);
      }
      break;
    }
  });
  return out;
}
