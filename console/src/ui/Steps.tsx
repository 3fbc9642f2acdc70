import { IconCheck } from "@tabler/icons-react";
import css from "./steps.module.css";

// Steps says where in a flow somebody is, and leads to any step where they may go.
export function Steps({ names, at, onGo }: { names: string[]; at: number; onGo?: (i: number) => void }) {
  return (
    <ol className={css.steps}>
      {names.map((name, i) => {
        const inside = <><span className={css.dot}>{i < at ? <IconCheck size={13} stroke={3} aria-label="done" /> : i + 1}</span>{name}</>;
        return (
          <li key={name} className={i < at ? css.done : i === at ? css.now : ""} aria-current={i === at ? "step" : undefined}>
            {onGo && i !== at ? <button type="button" className={css.go} onClick={() => onGo(i)}>{inside}</button> : inside}
          </li>
        );
      })}
    </ol>
  );
}
