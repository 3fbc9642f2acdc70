import { Alert } from "@mantine/core";
import { asProblem } from "../../client/problem";
import css from "./analytics.module.css";
import { misplaced, type Misplaced } from "./words";

// AtPlace shows an error in a text where it is; one without a place is said as it is.
export function AtPlace({ error, text }: { error: unknown; text: string }) {
  if (error == null) return null;
  const problem = asProblem(error);
  const places = misplaced(problem.message);
  if (places.length === 0) return <Alert color="red" variant="light" role="alert">{problem.message}</Alert>;
  return (
    <Alert color="red" variant="light" role="alert">
      <div className={css.place}>{places.map((p) => <Place key={`${p.line}:${p.column}`} of={p} text={text} />)}</div>
    </Alert>
  );
}

function Place({ of: p, text }: { of: Misplaced; text: string }) {
  const line = text.split("\n")[p.line - 1] ?? "";
  const [before, at, after] = [line.slice(0, p.column - 1), line.slice(p.column - 1, p.column) || " ", line.slice(p.column)];
  return (
    <div>
      Line {p.line}, column {p.column}: {p.what}.
      <pre>{before}<mark>{at}</mark>{after}</pre>
    </div>
  );
}
