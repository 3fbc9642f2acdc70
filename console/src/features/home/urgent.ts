interface Total {
  function: string;
  severity: string;
  count: number;
}

interface Due {
  function: string;
  due: string;
  count: number;
}

// urgent orders functions by how many critical findings are theirs, then by how many are
// late; those that are alike stay as they are.
export function urgent(functions: string[], totals: readonly Total[], dues: readonly Due[]): string[] {
  const critical = (f: string) => totals.filter((t) => t.function === f && t.severity === "critical").reduce((n, t) => n + t.count, 0);
  const late = (f: string) => dues.filter((d) => d.function === f && d.due === "overdue").reduce((n, d) => n + d.count, 0);
  return [...functions].sort((a, b) => critical(b) - critical(a) || late(b) - late(a));
}
