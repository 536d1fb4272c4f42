// The matrix of classes on a canvas: only what is visible is drawn, so that its size does not
// matter. Arrows move the cursor, Enter or a click opens a cell.
const CELL = 20, LEFT = 230, TOP = 150;

class MatrixView {
  constructor(open) {
    this.open = open;
    this.canvas = element("canvas");
    this.space = element("div");
    this.root = element("div", {class: "matrix", tabindex: "0", role: "grid", "aria-label": "who reaches whom"},
      this.canvas, this.space);
    this.root.addEventListener("scroll", () => this.later());
    this.root.addEventListener("keydown", event => this.key(event));
    this.canvas.addEventListener("click", event => {
      const [row, column] = this.cell_at(event);
      if (row >= 0 && column >= 0 && row < this.rows.length && column < this.columns.length) this.move(row, column);
    });
    this.canvas.addEventListener("mousemove", event => {
      const [row, column] = this.cell_at(event);
      const from = this.rows[row], to = this.columns[column];
      this.canvas.title = from === undefined || to === undefined ? "" : this.cell_text(from, to);
    });
    this.rows = [];
    this.columns = [];
    new ResizeObserver(() => this.later()).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.later());
  }
  // Numbers of the classes to show.
  show(family, rows, columns) {
    this.family = family;
    this.rows = rows;
    this.columns = columns;
    this.row = this.column = 0;
    this.later();
  }
  connection(from, to) { return this.family.connections[rows_of(this.family)[from].get(to) || 0]; }
  cell_text(from, to) {
    return class_name(this.family.senders[from]) + " -> " + class_name(this.family.receivers[to]) + ": " +
      connection_text(rows_of(this.family)[from].has(to) ? this.connection(from, to) : null);
  }
  cell_at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    if (x < LEFT || y < TOP) return [-1, -1];
    return [Math.floor((y - TOP + this.root.scrollTop) / CELL), Math.floor((x - LEFT + this.root.scrollLeft) / CELL)];
  }
  move(row, column) {
    this.row = Math.max(0, Math.min(this.rows.length - 1, row));
    this.column = Math.max(0, Math.min(this.columns.length - 1, column));
    const x = this.column * CELL, y = this.row * CELL;
    const width = this.root.clientWidth - LEFT - CELL, height = this.root.clientHeight - TOP - CELL;
    if (x < this.root.scrollLeft || x > this.root.scrollLeft + width) this.root.scrollLeft = Math.max(0, x - width / 2);
    if (y < this.root.scrollTop || y > this.root.scrollTop + height) this.root.scrollTop = Math.max(0, y - height / 2);
    this.draw();
    if (this.rows.length > 0 && this.columns.length > 0) this.open(this.rows[this.row], this.columns[this.column]);
  }
  key(event) {
    const moves = {ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Enter: [0, 0]};
    if (!(event.key in moves)) return;
    this.move(this.row + moves[event.key][0], this.column + moves[event.key][1]);
    event.preventDefault();
  }
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }
  draw() {
    if (!this.family) return;
    const width = this.root.clientWidth, height = this.root.clientHeight, scale = devicePixelRatio || 1;
    if (width === 0 || height === 0) return;
    this.space.style.cssText = "width:" + (LEFT + this.columns.length * CELL + 10) + "px;height:" +
      Math.max(0, TOP + this.rows.length * CELL + 10 - height) + "px";
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.width = width + "px";
    this.canvas.style.height = height + "px";
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const color = name => style.getPropertyValue("--" + name).trim();
    pen.scale(scale, scale);
    pen.fillStyle = color("panel");
    pen.fillRect(0, 0, width, height);
    const left = this.root.scrollLeft, top = this.root.scrollTop;
    this.draw_cells(pen, color, left, top, width, height);
    this.draw_labels(pen, color, left, top, width, height);
  }
  draw_cells(pen, color, left, top, width, height) {
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP, width - LEFT, height - TOP);
    pen.clip();
    const rows = rows_of(this.family);
    const colors = this.family.connections.map(connection => color(connection_color(connection)));
    const nothing = color("none");
    for (let i = Math.floor(top / CELL); i < this.rows.length && TOP + i * CELL - top < height; ++i)
      for (let k = Math.floor(left / CELL); k < this.columns.length && LEFT + k * CELL - left < width; ++k) {
        const number = rows[this.rows[i]].get(this.columns[k]);
        pen.fillStyle = number === undefined ? nothing : colors[number];
        pen.fillRect(LEFT + k * CELL - left + 1, TOP + i * CELL - top + 1, CELL - 2, CELL - 2);
      }
    pen.strokeStyle = color("ink");
    pen.lineWidth = 2;
    pen.strokeRect(LEFT + this.column * CELL - left, TOP + this.row * CELL - top, CELL, CELL);
    pen.restore();
  }
  draw_labels(pen, color, left, top, width, height) {
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const fitted = text => {
      while (text.length > 3 && pen.measureText(text).width > LEFT - 20) text = text.slice(0, -4) + "\u2026";
      return text;
    };
    pen.save();
    pen.beginPath();
    pen.rect(0, TOP, LEFT, height - TOP);
    pen.clip();
    pen.textAlign = "right";
    for (let i = Math.floor(top / CELL); i < this.rows.length && TOP + i * CELL - top < height; ++i) {
      pen.fillStyle = color(i === this.row ? "accent" : "ink");
      pen.fillText(fitted(class_name(this.family.senders[this.rows[i]])), LEFT - 8, TOP + (i + .5) * CELL - top);
    }
    pen.restore();
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, 0, width - LEFT, TOP);
    pen.clip();
    pen.textAlign = "left";
    for (let k = Math.floor(left / CELL); k < this.columns.length && LEFT + k * CELL - left < width; ++k) {
      pen.save();
      pen.fillStyle = color(k === this.column ? "accent" : "ink");
      pen.translate(LEFT + (k + .5) * CELL - left, TOP - 8);
      pen.rotate(-Math.PI / 3);
      pen.fillText(fitted(class_name(this.family.receivers[this.columns[k]])).slice(0, 24), 0, 0);
      pen.restore();
    }
    pen.restore();
    pen.fillStyle = color("soft");
    pen.textAlign = "left";
    pen.fillText("a row sends to a column", 10, TOP - 14);
  }
}
