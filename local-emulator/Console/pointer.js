// Finds the value of an RFC 6901 pointer in a JSON text.

/**
 * @param {string} text a JSON document
 * @param {string} pointer `/timeline/tracks/0`
 * @returns {{start: number, end: number, isExact: boolean} | null} range of the value,
 *   or of the nearest enclosing value if the field is missing; null if the text is not JSON
 */
export function locate(text, pointer) {
  const words =
    pointer === ""
      ? []
      : pointer
          .slice(1)
          .split("/")
          .map((word) => word.replaceAll("~1", "/").replaceAll("~0", "~"));
  try {
    const reader = new Reader(text);
    return reader.find(words);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  find(words) {
    this.space();
    const start = this.at;
    const [word, ...rest] = words;
    let found = null;
    const opener = this.text[start];
    if (opener === "{" || opener === "[") {
      this.members((name) => {
        if (word !== undefined && name === word) found = this.find(rest);
        else this.find([]);
      });
    } else this.scalar();
    return found || { start, end: this.at, isExact: words.length === 0 };
  }

  members(visit) {
    const isObject = this.text[this.at] === "{";
    const closer = isObject ? "}" : "]";
    this.at += 1;
    for (let index = 0; ; index += 1) {
      this.space();
      if (this.text[this.at] === closer) break;
      if (index > 0) this.expect(",");
      this.space();
      let name = String(index);
      if (isObject) {
        const from = this.at;
        this.scalar();
        name = JSON.parse(this.text.slice(from, this.at));
        this.space();
        this.expect(":");
      }
      visit(name);
    }
    this.at += 1;
  }

  scalar() {
    const pattern = /"(?:[^"\\]|\\.)*"|[-+.\w]+/y;
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) throw new SyntaxError(`no value at ${this.at}`);
    this.at = pattern.lastIndex;
  }

  space() {
    while (/\s/.test(this.text[this.at] || "")) this.at += 1;
  }

  expect(character) {
    if (this.text[this.at] !== character) throw new SyntaxError(`no ${character} at ${this.at}`);
    this.at += 1;
  }
}
