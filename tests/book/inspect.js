// Runs in a page of the book and tells what a reader would see there.
() => {
  const article = document.querySelector("article") ?? document.body;

  // Formulas -----------------------------------------------------------------------------------
  const formulas = [...article.querySelectorAll(".math")];
  const short = (element) => element.textContent.trim().slice(0, 80);
  const unrendered = formulas
    .filter((f) => !f.querySelector("mjx-container") || f.querySelector("[data-mjx-error]"))
    .map(short);

  // TeX outside code ---------------------------------------------------------------------------
  const hidden = "pre, code, script, style, mjx-container, .math";
  const tex = /\\[([]|\\begin\{|\\(frac|mathbb|mathrm|log|sum|int|alpha|beta|sigma)\b|\$[^$\n]+\$/;
  const raw = [];
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (tex.test(text.data) && !text.parentElement.closest(hidden)) {
      raw.push(text.data.trim().slice(0, 80));
    }
  }

  // Pictures -----------------------------------------------------------------------------------
  const pictures = [...document.images];
  const broken = pictures.filter((p) => !p.complete || !p.naturalWidth).map((p) => p.src);
  const described = (p) => p.alt.trim().length > 9 && !/_images\/|\.(png|svg|jpe?g|gif)$/.test(p.alt);
  const nameless = [...article.querySelectorAll("img")]
    .filter((p) => !described(p))
    .map((p) => `${p.src} alt=${JSON.stringify(p.alt)}`);
  const squeezed = [...article.querySelectorAll("img")].filter((p) => {
    const shown = p.getBoundingClientRect();
    const style = getComputedStyle(p);
    const sides = (a, b) => parseFloat(style[a]) + parseFloat(style[b]);
    const width = shown.width - sides("paddingLeft", "paddingRight");
    const height = shown.height - sides("paddingTop", "paddingBottom");
    const own = p.naturalWidth / p.naturalHeight;
    return height && Math.abs(width / height / own - 1) > 0.03;
  }).map((p) => p.src);

  // Contrast (WCAG 2.2) ------------------------------------------------------------------------
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], below) =>
    [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
  const paperOf = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const layer = rgba(getComputedStyle(e).backgroundColor);
      layers.unshift(layer);
      if (layer[3] === 1) break;
    }
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour
      .map((value) => value / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const contrast = [];
  const seen = new Set();
  const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (all.nextNode()) {
    const text = all.currentNode.data.trim();
    const element = all.currentNode.parentElement;
    if (!text || element.closest("script, style, noscript, svg, mjx-assistive-mml, .headerlink")) {
      continue;
    }
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const paper = paperOf(element);
    const ink = over(rgba(style.color), paper);
    const key = `${ink} ${paper} ${style.fontSize} ${style.fontWeight}`;
    if (seen.has(key)) continue; // one report for each pair of colours
    seen.add(key);
    const size = parseFloat(style.fontSize);
    contrast.push({
      ratio: ratio(ink, paper),
      large: size >= 24 || (size >= 18.66 && style.fontWeight >= 700),
      where: element.tagName.toLowerCase() + (element.className ? `.${element.className}` : ""),
      text: text.slice(0, 40),
      ink: ink.map(Math.round).join(" "),
      paper: paper.map(Math.round).join(" "),
    });
  }

  return {
    theme: document.documentElement.dataset.theme,
    formulas: formulas.length,
    unrendered,
    raw,
    broken,
    nameless,
    squeezed,
    contrast,
  };
}
