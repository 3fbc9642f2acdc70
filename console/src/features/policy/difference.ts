export interface DiffLine {
  how: "same" | "added" | "removed";
  was?: number; // the number of the line, where it was
  is?: number; // and where it is
  text: string;
}

const most = 2_000_000; // pairs of lines that are compared; beyond, all of it was replaced

// difference says line by line how one text became another: the fewest lines that were
// added and removed.
export function difference(was: string, is: string): DiffLine[] {
  const [a, b] = [linesOf(was), linesOf(is)];
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let last = 0;
  while (last < a.length - first && last < b.length - first && a[a.length - 1 - last] === b[b.length - 1 - last]) last++;
  const out: DiffLine[] = a.slice(0, first).map((text, i) => ({ how: "same", was: i + 1, is: i + 1, text }));
  out.push(...middle(a.slice(first, a.length - last), b.slice(first, b.length - last), first));
  for (let i = last; i > 0; i--) out.push({ how: "same", was: a.length - i + 1, is: b.length - i + 1, text: a[a.length - i]! });
  return out;
}

export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

// middle compares what is left between what begins and ends alike, by the longest sequence
// of lines that both have.
function middle(a: string[], b: string[], offset: number): DiffLine[] {
  const whole = a.length * b.length > most;
  const common = whole ? [] : sequences(a, b);
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (!whole && i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ how: "same", was: offset + i + 1, is: offset + j + 1, text: a[i]! });
      [i, j] = [i + 1, j + 1];
    } else if (i < a.length && (whole || j === b.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      out.push({ how: "removed", was: offset + i + 1, text: a[i]! });
      i++;
    } else {
      out.push({ how: "added", is: offset + j + 1, text: b[j]! });
      j++;
    }
  }
  return out;
}

// sequences are how many lines the ends of both have in common, from each place on.
function sequences(a: string[], b: string[]): number[][] {
  const n = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) n[i]![j] = a[i] === b[j] ? n[i + 1]![j + 1]! + 1 : Math.max(n[i + 1]![j]!, n[i]![j + 1]!);
  }
  return n;
}

const around = 3; // lines that are shown before and behind a change

// folded leaves out what is far from every change; a number is so many lines left out.
export function folded(lines: DiffLine[]): (DiffLine | number)[] {
  const near = lines.map(() => false);
  lines.forEach((l, i) => {
    if (l.how !== "same") near.fill(true, Math.max(0, i - around), i + around + 1);
  });
  const out: (DiffLine | number)[] = [];
  lines.forEach((l, i) => {
    const before = out[out.length - 1];
    if (near[i]) out.push(l);
    else if (typeof before === "number") out[out.length - 1] = before + 1;
    else out.push(1);
  });
  return out;
}
