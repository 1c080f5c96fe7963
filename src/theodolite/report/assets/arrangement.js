// The cells of a neuron's weights: arcs of a circle, or the two halves of a sphere as discs.
function arrangement(place, one) {
  const low = Math.min(...one.values), high = Math.max(...one.values), flat = high - low <= 1e-9 * Math.abs(high);
  const shade = (v) => `var(--t${flat ? 3 : Math.min(6, Math.floor(7 * (v - low) / (high - low)))})`;
  const w = roomIn(place, printing() ? 330 : 560), [height, out] = one.axes.length === 2 ? circle(one, w, shade) : sphere(one, w, shade);
  const words = `${one.title}: ${one.lines.length} lines; the lowest loss in a cell is between ${number(low)} and ${number(high)}. Neurons: ${one.neurons.map((m) => `${m.label} at (${m.place.map((v) => v.toFixed(2)).join(", ")})${m.kinked ? ", on a kink" : ""}`).join("; ") || "none drawn"}.`;
  const bar = h`<svg width="84" height="10" viewBox="0 0 84 10" aria-hidden="true">${Array.from({ length: 7 }, (_, k) => h`<rect x="${12 * k}" y="0" width="12" height="10" fill="var(--t${flat ? 3 : k})" stroke="var(--rule)" stroke-width=".6"/>`)}</svg>`;
  put(place, h`${drawing(w, height, h`role="img" aria-label="${words}"`, out)}<ul class="legend"><li>loss ${flat ? null : number(low)} ${bar} ${number(high)}</li><li><svg width="12" height="14" viewBox="0 0 12 14" aria-hidden="true">${neuronDot(6, 7, false)}</svg>neuron</li><li><svg width="12" height="14" viewBox="0 0 12 14" aria-hidden="true">${neuronDot(6, 5, true)}</svg>neuron on a kink</li></ul>`);
}
const neuronDot = (x, y, kinked) => h`<circle cx="${px(x)}" cy="${px(y)}" r="4.4" fill="var(--ink)" stroke="var(--paper)"/>${kinked ? h`<path d="M${px(x - 5.5)} ${px(y + 7.5)}h11" stroke="var(--ink)" stroke-width="2"/>` : null}`;

function neuronLabels(marks, placer) {
  for (const [x, y] of marks) placer.block(x, y, 7);
  return marks.map(([x, y, m]) => {
    const text = shortened(m.label, 18), spot = placer.place(x, y, textWidth(text, 13, 600), 10, true);
    return h`${neuronDot(x, y, m.kinked)}<text x="${px(spot[0])}" y="${px(spot[1])}" text-anchor="${spot[2]}" font-size="13" font-weight="600" class="halo">${text}</text>`;
  });
}

function circle(one, w, shade) {
  const R = Math.min(150, w / 2 - 72), side = 2 * R + 68, thick = Math.min(28, R / 3), cx = w / 2, cy = side / 2, out = [];
  const at = (angle, r) => [cx + r * Math.cos(angle), cy - r * Math.sin(angle)], text = ([x, y]) => `${px(x)} ${px(y)}`;
  const angleOf = (x, y) => Math.atan2(y, x), round = (start, end) => { let turn = end - start; while (turn <= 1e-9) turn += 2 * Math.PI; return turn; };
  const placer = new Placer(w, side), marks = one.neurons.map((m) => (Math.hypot(...m.place) ? [...at(angleOf(...m.place), R - thick / 2), m] : [cx, cy, m]));
  one.outlines.forEach(([ax, ay, bx, by], i) => {
    const start = angleOf(ax, ay), turn = round(start, angleOf(bx, by)), big = turn > Math.PI ? 1 : 0;
    out.push(h`<path d="M${text(at(start, R))}A${px(R)} ${px(R)} 0 ${big} 0 ${text(at(start + turn, R))}L${text(at(start + turn, R - thick))}A${px(R - thick)} ${px(R - thick)} 0 ${big} 1 ${text(at(start, R - thick))}Z" fill="${shade(one.values[i])}" stroke="${shade(one.values[i])}" stroke-width=".5"/>`);
  });
  out.push(h`<circle cx="${px(cx)}" cy="${px(cy)}" r="${px(R)}" fill="none" stroke="var(--rule)"/><circle cx="${px(cx)}" cy="${px(cy)}" r="${px(R - thick)}" fill="none" stroke="var(--rule)"/>`);
  const edges = one.lines.flatMap(([a, b], k) => [angleOf(-b, a), angleOf(b, -a)].map((angle) => [angle, k]));
  for (const [angle] of edges) out.push(h`<path d="M${text(at(angle, R + 4))}L${text(at(angle, R - thick))}" stroke="var(--ink2)" stroke-width="1.2"/>`);
  const write = (x, y, words, anchor, look) => {
    const long = textWidth(words, 11), from = anchor === "start" ? x : anchor === "end" ? x - long : x - long / 2, box = [from - 3, y - 11, from + long + 3, y + 4];
    if (!placer.free(box)) return;
    placer.boxes.push(box);
    out.push(h`<text x="${px(x)}" y="${px(y)}" font-size="11" text-anchor="${anchor}" class="${look}">${words}</text>`);
  };
  const anchorAt = (angle, outward) => (Math.abs(Math.cos(angle)) < 0.25 ? "middle" : Math.cos(angle) * outward > 0 ? "start" : "end");
  const drawn = neuronLabels(marks, placer);
  for (const [angle, k] of edges) { const [x, y] = at(angle, R + 14); write(x, y + 4, one.names[k], anchorAt(angle, 1), "soft"); }
  one.outlines.forEach(([ax, ay, bx, by], i) => {
    const start = angleOf(ax, ay), turn = round(start, angleOf(bx, by)), middle = start + turn / 2, [x, y] = at(middle, R - thick - 12);
    if (turn * (R - thick) > 14) write(x, y + 4, number(one.values[i]), anchorAt(middle, -1), "");
  });
  out.push(h`<path d="M${px(cx - 9)} ${px(cy)}h18M${px(cx)} ${px(cy - 9)}v18" stroke="var(--rule)"/>`);
  write(cx + 13, cy + 4, `${one.axes[0]} →`, "start", "soft");
  write(cx, cy - 14, `↑ ${one.axes[1]}`, "middle", "soft");
  out.push(drawn);
  return [side, out];
}

function sphere(one, w, shade) {
  const gap = 34, R = (w - gap) / 4 - 10, cy = R + 18, height = 2 * R + 76, out = [];
  [1, -1].forEach((face, side) => {
    const cx = R + 12 + side * (2 * R + gap), placer = new Placer(side ? w : w / 2, height, side ? w / 2 : 0);
    const text = ([x, y]) => `${px(cx + R * x)} ${px(cy - R * y)}`;
    const arc = (a, b) => {
      const angle = Math.acos(Math.max(-1, Math.min(1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2]))), n = Math.max(1, Math.ceil(angle / 0.15));
      return Array.from({ length: n }, (_, k) => {
        const s = Math.sin(angle) || 1, p = angle ? Math.sin(angle * (1 - k / n)) / s : 1, q = angle ? Math.sin(angle * k / n) / s : 0;
        return text([p * a[0] + q * b[0], p * a[1] + q * b[1]]);
      });
    };
    const byShade = new Map();
    one.outlines.forEach((flat, i) => {
      const corners = [];
      for (let k = 0; k < flat.length; k += 3) corners.push(flat.slice(k, k + 3));
      if (face * corners.reduce((sum, c) => sum + c[2], 0) <= 0) return;
      const colour = shade(one.values[i]);
      byShade.set(colour, `${byShade.get(colour) || ""}M${corners.flatMap((c, k) => arc(c, corners[(k + 1) % corners.length])).join("L")}Z`);
    });
    for (const [colour, d] of byShade) out.push(h`<path d="${d}" fill="${colour}" stroke="${colour}" stroke-width=".7"/>`);
    let d = "";
    for (const [a, b, c] of one.lines) {
      const flat = Math.hypot(a, b);
      if (flat < 1e-9) continue;
      const u = [-b / flat, a / flat], v = [-c * a / flat, -c * b / flat], turn = face;
      d += `M${Array.from({ length: 33 }, (_, k) => { const t = Math.PI * k / 32; return text([Math.cos(t) * u[0] + turn * Math.sin(t) * v[0], Math.cos(t) * u[1] + turn * Math.sin(t) * v[1]]); }).join("L")}`;
    }
    out.push(h`<path d="${d}" fill="none" stroke="var(--ink2)" stroke-width=".9"/><circle cx="${px(cx)}" cy="${px(cy)}" r="${px(R)}" fill="none" stroke="var(--iso)" stroke-width="1.2"/>`);
    const seen = one.neurons.filter((m) => m.place[2] * face > -1e-9).map((m) => [cx + R * m.place[0], cy - R * m.place[1], m]);
    const drawn = neuronLabels(seen, placer);
    one.lines.forEach(([a, b], k) => {
      const flat = Math.hypot(a, b), words = one.names[k].replace(/^samples? /, "");
      for (const sign of flat < 1e-9 || one.lines.length > 14 ? [] : [1, -1]) {
        const x = cx - sign * (R + 10) * b / flat, y = cy - sign * (R + 10) * a / flat + 4, half = textWidth(words, 11) / 2 + 2, box = [x - half, y - 10, x + half, y + 3];
        if (!placer.free(box)) continue;
        placer.boxes.push(box);
        out.push(h`<text x="${px(x)}" y="${px(y)}" font-size="11" text-anchor="middle" class="soft">${words}</text>`);
        break;
      }
    });
    out.push(h`<text x="${px(cx)}" y="${height - 18}" font-size="12" text-anchor="middle" class="soft">${one.axes[2]} ${face > 0 ? ">" : "<"} 0</text>`, drawn);
  });
  out.push(h`<text x="${px(w / 2)}" y="${height - 2}" font-size="12" text-anchor="middle" class="soft">${one.axes[0]} →, ${one.axes[1]} ↑${w < 420 ? "" : "; the right half as seen through the left"}</text>`);
  return [height, out];
}
