// Splits Markdown that grows at its end into blocks. A block that nothing later can change is frozen: it is parsed and
// drawn once. Only the text behind the last frozen block is parsed again. Frozen blocks form groups, so that a long
// text has few parts.

// The source texts of the blocks at the top level of `text`; joined, they are `text`.
export type Lex = (text: string) => { raw: string; blank: boolean }[];

const GROUP = 2000; // characters from which a group is whole

export class BlockSplitter {
  readonly groups: string[][] = []; // of frozen blocks; none of them changes
  open: string[] = []; // frozen blocks that are not yet a group
  tail = "";
  parsed = 0; // characters given to the lexer so far, which tests compare with the length of the text
  private opened = 0; // characters in `open`
  private seen = ""; // what is frozen, as one text
  private last: string | null = null;
  constructor(private readonly lex: Lex) {}

  // Takes the whole text as it is now. If it does not begin with what is frozen, all is split again.
  update(text: string): void {
    if (text === this.last) return;
    this.last = text;
    if (!text.startsWith(this.seen)) {
      this.groups.length = 0;
      this.open = [];
      this.opened = 0;
      this.seen = "";
    }
    this.tail = text.slice(this.seen.length);
    // Half a line may still become another kind of block ("2" a list, "-" a rule), so only whole lines are judged.
    const whole = this.tail.slice(0, this.tail.lastIndexOf("\n") + 1);
    if (!whole.includes("\n\n") && whole.split("\n").length < 3) return;
    this.parsed += whole.length;
    const tokens = this.lex(whole);
    let last = tokens.length - 1;
    while (last >= 0 && tokens[last]!.blank) --last;
    if (last < 1) return;
    let length = 0;
    for (const token of tokens.slice(0, last)) {
      if (!token.blank) this.freeze(token.raw);
      length += token.raw.length;
    }
    this.seen += this.tail.slice(0, length);
    this.tail = this.tail.slice(length);
  }

  get frozen(): string[] {
    return [...this.groups.flat(), ...this.open];
  }

  private freeze(block: string): void {
    this.open = [...this.open, block];
    this.opened += block.length;
    if (this.opened < GROUP) return;
    this.groups.push(this.open);
    this.open = [];
    this.opened = 0;
  }
}
