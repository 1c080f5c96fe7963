// A piecewise linear function of two inputs: hinge lines cut the plane into convex pieces on which it is affine, so tints and contours are exact.
const affineAt = (one, x, y) => {
  const sum = [0, 0, one.offset];
  for (const [p, q, r, v] of one.neurons) {
    const s = v * (p * x + q * y + r > 0 ? 1 : one.slope);
    sum[0] += s * p; sum[1] += s * q; sum[2] += s * r;
  }
  return sum;
};
const heightAt = (one, x, y) => { const [a, b, c] = affineAt(one, x, y); return a * x + b * y + c; };

function affinePieces(one) {
  const [x0, x1, y0, y1] = one.box, hinges = [];
  let found = [[[x0, y0, 0], [x1, y0, 0], [x1, y1, 0], [x0, y1, 0]]];
  for (const [p, q, r] of one.neurons) {
    const side = ([x, y]) => p * x + q * y + r, lift = (piece) => piece.map(([x, y]) => [x, y, side([x, y])]);
    const corners = lift([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), least = Math.min(...corners.map((c) => c[2])), most = Math.max(...corners.map((c) => c[2]));
    if (least >= 0 || most <= 0) continue;
    const line = crossings(Object.assign(corners, { least, most }), 0)[0];
    if (line) hinges.push(line);
    found = found.flatMap((piece) => [true, false].map((above) => cut(lift(piece), 0, above)).filter((part) => part.length > 2));
  }
  const pieces = found.map((piece) => {
    const [mx, my] = [0, 1].map((k) => piece.reduce((sum, corner) => sum + corner[k], 0) / piece.length), [a, b, c] = affineAt(one, mx, my);
    return piece.map(([x, y]) => [x, y, a * x + b * y + c]);
  });
  return [pieces, hinges];
}

function field(place, one) {
  const w = roomIn(place, printing() ? 330 : 560), [x0, x1, y0, y1] = one.box;
  const across = ticksBetween(x0, x1, w < 420 ? 4 : 6), up = ticksBetween(y0, y1, 6);
  const left = px(14 + Math.max(...up.map((tick) => textWidth(tick[1], 12)), 10)), right = 8, top = 6, bottom = 44, n = w - left - right, high = Math.round(0.82 * n), height = top + high + bottom;
  const X = (v) => left + n * (v - x0) / (x1 - x0), Y = (v) => top + high * (y1 - v) / (y1 - y0), point = (p) => `${px(X(p[0]))} ${px(Y(p[1]))}`;
  const fitted = one.samples.map(([x, y]) => heightAt(one, x, y)), heights = [...fitted, ...one.samples.map((sample) => sample[2])];
  const low = Math.min(...heights), highest = Math.max(...heights), step = niceStep(highest - low || 1, 9);
  const levels = [];
  for (let k = Math.floor(low / step) - 6; k <= Math.ceil(highest / step) + 6; k++) levels.push(k * step);
  const inside = levels.filter((v) => v > low && v < highest), group = Math.max(1, Math.ceil((inside.length + 1) / 7));
  const bounds = Array.from({ length: 7 }, (_, k) => (k ? inside[k * group - 1] ?? Infinity : -Infinity));
  const tint = (v) => { let k = 0; while (k < 6 && v >= bounds[k + 1]) k++; return k; };
  const [pieces, hinges] = affinePieces(one), shades = Array.from({ length: 7 }, () => ""), lines = [], placer = new Placer(w, top + high, left);
  for (const piece of pieces) {
    for (let k = 0; k < 7; k++) {
      if (bounds[k] === Infinity) continue;
      let part = k ? cut(piece, bounds[k], true) : piece;
      if (part.length && (bounds[k + 1] ?? Infinity) < Infinity) part = cut(part, bounds[k + 1], false);
      if (part.length > 2) shades[k] += `M${part.map(point).join("L")}Z`;
    }
    for (const v of levels) {
      const ends = piece.flatMap((a, i) => { const b = piece[(i + 1) % piece.length]; if ((a[2] < v) === (b[2] < v)) return []; const t = (v - a[2]) / (b[2] - a[2]); return [[a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]]; });
      if (ends.length === 2) lines.push([v, ends]);
    }
  }
  const out = shades.map((d, k) => (d ? h`<path d="${d}" fill="var(--t${k})" stroke="var(--t${k})" stroke-width=".7"/>` : null));
  out.push(h`<path d="${lines.map(([, [a, b]]) => `M${point(a)}L${point(b)}`).join("")}" fill="none" stroke="var(--iso)" stroke-width=".7"/>`);
  out.push(h`<path d="${hinges.map(([a, b]) => `M${point(a)}L${point(b)}`).join("")}" fill="none" stroke="var(--ink)" stroke-width="1.6"/><rect x="${left}" y="${top}" width="${px(n)}" height="${high}" fill="none" stroke="var(--rule)"/>`);
  for (const [v, text] of across) out.push(h`<path d="M${px(X(v))} ${top + high}v4" stroke="var(--rule)"/><text x="${px(X(v))}" y="${height - bottom + 18}" font-size="12" text-anchor="middle" class="soft">${text}</text>`);
  for (const [v, text] of up) out.push(h`<path d="M${left - 4} ${px(Y(v))}h4" stroke="var(--rule)"/><text x="${left - 8}" y="${px(Y(v) + 4)}" font-size="12" text-anchor="end" class="soft">${text}</text>`);
  out.push(h`<text x="${px(left + n)}" y="${height - 4}" font-size="12" text-anchor="end" class="soft">${one.x_label} →</text><text x="0" y="${height - 4}" font-size="12" class="soft">↑ ${one.y_label}</text>`);
  const worst = Math.max(...one.samples.map((sample, i) => Math.abs(sample[2] - fitted[i])), 0), stem = worst > 1e-9 * (Math.max(Math.abs(low), Math.abs(highest)) || 1) ? 24 / worst : 0, many = one.samples.length > 300, r = many ? 2.4 : 4.5;
  one.samples.forEach(([x, y, target], i) => {
    const a = px(X(x)), b = px(Y(y)), long = px(stem * (target - fitted[i]));
    if (Math.abs(long) > 0.5) { out.push(h`<path d="M${a} ${b}v${-long}" stroke="var(--ink)" stroke-width="${many ? 1 : 2.4}"/>`); placer.block(a, b - long / 2, Math.abs(long) / 2 + 2); }
    out.push(h`<circle cx="${a}" cy="${b}" r="${r}" fill="var(--t${tint(target)})" stroke="var(--ink)" stroke-width="${many ? 0.8 : 1.3}"/>`);
    placer.block(a, b, r + 3);
  });
  const written = new Set(), size = ([, [a, b]]) => Math.hypot(X(a[0]) - X(b[0]), Y(a[1]) - Y(b[1]));
  for (const [v, [a, b]] of [...lines].sort((p, q) => size(q) - size(p))) {
    if (written.has(v) || v < low - step || v > highest + step) continue;
    const text = tickText(v, step), half = textWidth(text, 11) / 2 + 3;
    for (const t of [0.5, 0.3, 0.7, 0.15, 0.85]) {
      const x = X(a[0] + t * (b[0] - a[0])), y = Y(a[1] + t * (b[1] - a[1])), box = [x - half, y - 8, x + half, y + 8];
      if (!placer.free(box)) continue;
      placer.boxes.push(box);
      written.add(v);
      out.push(h`<text x="${px(x)}" y="${px(y + 4)}" font-size="11" text-anchor="middle" class="halo soft">${text}</text>`);
      break;
    }
  }
  const words = `${one.title}. ${one.samples.length} samples and ${one.neurons.length} neurons in use, ${hinges.length} of them switch within the picture; contours every ${number(step)}; largest residual ${number(worst)}.`;
  const legend = [[h`<line x1="0" x2="26" y1="5" y2="5" stroke="var(--ink)" stroke-width="1.6"/>`, "a neuron switches"], [h`<line x1="0" x2="26" y1="5" y2="5" stroke="var(--iso)"/>`, `contours every ${tickText(step, step)}`], [h`<circle cx="13" cy="5" r="4" fill="var(--paper)" stroke="var(--ink)" stroke-width="1.3"/>`, "sample"]];
  if (stem) legend.push([h`<path d="M13 0v10" stroke="var(--ink)" stroke-width="2.4"/>`, `residual, the longest ${number(worst)}`]);
  put(place, h`${drawing(w, height, h`role="img" aria-label="${words}"`, out)}<ul class="legend">${legend.map(([swatch, text]) => h`<li><svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true">${swatch}</svg>${text}</li>`)}</ul>`);
}
