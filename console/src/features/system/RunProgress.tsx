import { Alert, Button, Progress } from "@mantine/core";
import { count } from "../../ui/Figures";
import { said } from "../access/words";
import css from "./flow.module.css";
import { useStop, type Run } from "./system";
import { because, remedy } from "./words";

// RunProgress is where a run stands, with the way to stop it.
export function RunProgress({ of, may }: { of: Run; may: boolean }) {
  const stop = useStop(of.on);
  const share = of.total > 0 ? (100 * of.done) / of.total : 100;
  return (
    <div className={css.run}>
      <div className={css.running}>
        <span role="status">{said(of.stage || "beginning")}{of.total > 0 ? `: ${count(of.done)} of ${count(of.total)}` : of.done > 0 ? `: ${count(of.done)}` : ""}</span>
        {may && <Button variant="default" size="xs" loading={stop.isPending} onClick={() => stop.mutate(of.id)}>Stop it</Button>}
      </div>
      <Progress value={share} animated={of.total === 0} striped={of.total === 0} aria-label="How far it is" />
    </div>
  );
}

// RunFailure says how a run ended that did not do what it was for, and what to do.
export function RunFailure({ of }: { of: Run }) {
  const title = { failed: "It did not work", cancelled: "It was stopped", interrupted: "The node ended before it did" }[of.state] ?? "It did not work";
  return (
    <Alert color={of.state === "failed" ? "red" : "yellow"} variant="light" role="alert" title={title}>
      {of.error && <p>{because(of.error)}</p>}
      <p>{remedy(of.code)}</p>
    </Alert>
  );
}
