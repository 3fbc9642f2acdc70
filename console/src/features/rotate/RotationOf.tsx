import { Button } from "@mantine/core";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import type { Secret } from "../vault/vault";
import { useRotations, useSchedules, type Due, type Schedule as Plan } from "./rotate";
import css from "./rotate.module.css";
import { Schedule } from "./Schedule";
import { dueWords, everyWords, stateWords, windowWords } from "./words";

// RotationOf is how one secret is given other values: what is due of it, what went wrong,
// and how often it happens by itself.
export function RotationOf({ of: x, onTold }: { of: Secret; onTold: (words: string) => void }) {
  const due = useRotations({ secret: x.id });
  const plans = useSchedules(x.id);
  const [setting, setSetting] = useState(false);
  const plan = plans.data?.items?.[0];
  const may = x.state === "live" && (x.may?.["secret.change"]?.allowed ?? false);
  return (
    <Panel title="Rotation" note={may && plans.data && <Button variant="default" size="compact-sm" onClick={() => setSetting(true)}>{plan ? "Change when" : "Say when"}</Button>}>
      <Answer to={due} lines={3}>{(d) => <Standing due={d.items?.[0]} plan={plan} />}</Answer>
      {setting && <Schedule of={x} plan={plan} onClose={() => setSetting(false)} onDone={(words) => { setSetting(false); onTold(words); }} />}
    </Panel>
  );
}

function Standing({ due: d, plan }: { due?: Due; plan?: Plan }) {
  const words = d && stateWords(d.state);
  return (
    <>
      {d && words && (
        <div className={css.due} data-tone={words.tone}>
          <p><Mark tone={words.tone}>{words.label}</Mark> Due since <Time at={d.since} />: {dueWords(d.cause)}.</p>
          {d.error && <p className={css.error}>{d.error}</p>}
          <p className="quiet">{d.attempts > 0 && `Tried ${d.attempts === 1 ? "once" : `${d.attempts} times`}. `}Next <Time at={d.next} absolute={d.state === "planned"} />; {words.means}.</p>
        </div>
      )}
      <Facts items={[
        ["By itself", plan ? `${everyWords(plan.every_hours)}, ${windowWords(plan.from, plan.until)}` : <span className="quiet">never: nobody has said how often</span>],
        ["Next", plan && <Time at={plan.next} />],
      ]}
      />
    </>
  );
}
