// A list of any length, of which only the visible rows are in the document.
const ROW = 22;

class VirtualList {
  // `fill(row element, index)` writes a row; `open(index)` is called for a click or Enter.
  constructor(label, fill, open) {
    this.fill = fill;
    this.open = open || (() => {});
    this.count = 0;
    this.at = -1;
    this.space = element("div", {style: "position:absolute;left:0;top:0;width:1px"});
    this.root = element("div", {class: "list", tabindex: "0", role: "listbox", "aria-label": label}, this.space);
    this.root.addEventListener("scroll", () => this.later());
    this.root.addEventListener("keydown", event => this.key(event));
    this.root.addEventListener("click", event => {
      const row = event.target.closest(".row");
      if (row) this.select(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.later()).observe(this.root);
  }
  show(count, at = -1) {
    this.count = count;
    this.at = at;
    this.space.style.height = count * ROW + "px";
    if (at >= 0) this.reveal(at);
    this.draw();
  }
  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  }
  // On paper there is no scrolling: all rows are drawn, or the first 2,000.
  print(on) {
    this.printing = on;
    this.root.style.cssText = on ? "flex:none;height:" + Math.min(this.count, 2000) * ROW + "px" : "";
    this.draw();
  }
  draw() {
    const first = this.printing ? 0 : Math.max(0, Math.floor(this.root.scrollTop / ROW) - 10);
    const last = Math.min(this.count, this.printing ? 2000
      : first + Math.ceil((this.root.clientHeight || 600) / ROW) + 20);
    const rows = [];
    for (let i = first; i < last; ++i) {
      const row = element("div", {class: "row" + (i === this.at ? " on" : ""), role: "option",
        "aria-selected": i === this.at, style: "top:" + i * ROW + "px", "data-index": i});
      this.fill(row, i);
      rows.push(row);
    }
    this.root.replaceChildren(this.space, ...rows);
  }
  reveal(index) {
    const top = index * ROW, height = this.root.clientHeight || 600;
    if (top < this.root.scrollTop || top + ROW > this.root.scrollTop + height)
      this.root.scrollTop = Math.max(0, top - height / 2);
  }
  select(index) {
    if (index < 0 || index >= this.count) return;
    this.at = index;
    this.reveal(index);
    this.draw();
    this.open(index);
  }
  key(event) {
    const page = Math.max(1, Math.floor(this.root.clientHeight / ROW) - 1);
    const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count};
    if (event.key in steps) {
      this.select(Math.min(this.count - 1, Math.max(0, this.at + steps[event.key])));
      event.preventDefault();
    } else if (event.key === "Enter" && this.at >= 0) this.open(this.at);
  }
}
