import { Button } from "@mantine/core";
import { useState } from "react";
import { count } from "../../../ui/Figures";
import { Named, type NamedThing } from "../../access/Named";
import css from "./mine.module.css";

const few = 24;

// Names are people in a row after the other, the rest of many folded away.
export function Names({ of, label }: { of: NamedThing[]; label: string }) {
  const [whole, setWhole] = useState(false);
  return (
    <>
      <ul className={css.names} aria-label={label}>{of.slice(0, whole ? of.length : few).map((who, i) => <li key={who.id || i}><Named of={who} /></li>)}</ul>
      {!whole && of.length > few && <Button size="compact-sm" variant="subtle" mt="xs" onClick={() => setWhole(true)}>Show {of.length === 100 ? "the first 100" : `all ${count(of.length)}`}</Button>}
    </>
  );
}
