import { Button } from "@mantine/core";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { actorName } from "../access/words";
import type { Doing } from "./Secret";
import type { Secret } from "./vault";
import css from "./vault.module.css";
import { versionWords } from "./words";

// Versions are the values that a secret had, and what can be done with each.
export function Versions({ of: x, onDo }: { of: Secret; onDo: (doing: Doing) => void }) {
  const may = (action: string) => x.state === "live" && (x.may?.[action]?.allowed ?? false);
  const name = (n: number) => <span className="out-of-view"> version {n}</span>;
  return (
    <Panel title="Versions" note="A value that was replaced can still be needed for a backup" flush>
      <Rows items={(x.versions ?? []).map((v) => ({
        key: v.id, start: <Mark tone={versionWords(v.state).tone}>{versionWords(v.state).label}</Mark>,
        title: `Version ${v.number}`,
        note: <>kept by {actorName(v.by, x.names[v.by] ? { name: x.names[v.by]! } : undefined)}, <Time at={v.at} />{v.ended && <>, ended <Time at={v.ended} /></>}{v.public && <span className={css.mono}> {v.public}</span>}</>,
        end: (
          <span className={css.ends}>
            {v.state === "previous" && may("secret.reveal") && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "reveal", number: v.number })}>Reveal{name(v.number)}</Button>}
            {v.state === "previous" && may("secret.change") && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "delete", number: v.number })}>Delete{name(v.number)}</Button>}
            {v.state === "deleted" && may("secret.change") && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "undelete", number: v.number })}>Bring back{name(v.number)}</Button>}
            {(v.state === "previous" || v.state === "deleted") && may("secret.destroy") && <Button variant="default" size="compact-sm" onClick={() => onDo({ what: "destroy", number: v.number })}>Destroy{name(v.number)}</Button>}
          </span>
        ),
      }))}
      />
    </Panel>
  );
}
