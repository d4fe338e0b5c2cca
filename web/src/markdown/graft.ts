// Nodes that are drawn again with a little more text. What is equal stays as it is, so that the browser need not style,
// lay out and paint a long block of code for each word, and a selection in it survives.

function sameButInside(a: Node, b: Node): boolean {
  return a instanceof Element && b instanceof Element && a.cloneNode(false).isEqualNode(b.cloneNode(false));
}

// Makes the children of `place` equal to those of `fresh`, which loses those that are taken over.
export function graft(place: Node, fresh: Node): void {
  let at = place.firstChild;
  for (const node of [...fresh.childNodes]) {
    if (!at) {
      place.appendChild(node);
      continue;
    }
    const next: ChildNode | null = at.nextSibling;
    if (!at.isEqualNode(node)) {
      if (at instanceof Text && node instanceof Text && node.data.startsWith(at.data))
        at.appendData(node.data.slice(at.data.length));
      else if (sameButInside(at, node)) graft(at, node);
      else place.replaceChild(node, at);
    }
    at = next;
  }
  while (at) {
    const next: ChildNode | null = at.nextSibling;
    at.remove();
    at = next;
  }
}
