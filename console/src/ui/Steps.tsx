import { IconCheck } from "@tabler/icons-react";
import css from "./steps.module.css";

// Steps says where in a flow somebody is.
export function Steps({ names, at }: { names: string[]; at: number }) {
  return (
    <ol className={css.steps}>
      {names.map((name, i) => (
        <li key={name} className={i < at ? css.done : i === at ? css.now : ""} aria-current={i === at ? "step" : undefined}>
          <span className={css.dot}>{i < at ? <IconCheck size={13} stroke={3} aria-label="done" /> : i + 1}</span>
          {name}
        </li>
      ))}
    </ol>
  );
}
