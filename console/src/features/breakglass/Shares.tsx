import { Button } from "@mantine/core";
import { IconPuzzle } from "@tabler/icons-react";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { useMe } from "../signin/me";
import { thing } from "../vault/words";
import { useKits, type Kit } from "./breakglass";
import css from "./breakglass.module.css";
import { PickUp } from "./PickUp";
import { over, sealWords, sharesOf, stateWords } from "./words";

// Shares are the kits that whoever looks helps to open.
export function Shares() {
  const kits = useKits();
  const me = useMe();
  const [picking, setPicking] = useState<Kit>();
  const [told, setTold] = useState("");
  const shareOf = (k: Kit) => sharesOf(k).find((h) => h.identity === me.data?.identity);
  return (
    <Page title="Which kits do you help to open?" lead="A share of a break-glass kit is yours alone. You see it once; keep it where you reach it when no system works.">
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Panel title="Your shares" flush>
        <Answer to={kits} lines={3}>
          {(d) => {
            const mine = (d.items ?? []).filter(shareOf);
            if (mine.length === 0) return <Blank sign={IconPuzzle} title="You hold no share" text="A platform owner who makes a kit says who does." />;
            return (
              <Rows items={mine.map((k) => {
                const h = shareOf(k);
                return {
                  key: k.id, below: true, title: <Named of={thing(k.id, { [k.id]: k.name })} />, note: <>share {h?.share}; the kit opens with {sealWords(k)}</>,
                  end: over(k) ? <Mark tone={stateWords(k.state).tone}>{stateWords(k.state).label}</Mark> : h?.picked_up ? <span className="quiet">you picked it up <Time at={h.picked_up} /></span>
                    : <Button size="compact-sm" onClick={() => setPicking(k)}>Pick it up<span className="out-of-view">: {k.name}</span></Button>,
                };
              })}
              />
            );
          }}
        </Answer>
      </Panel>
      {picking && <PickUp of={picking} onClose={() => setPicking(undefined)} onDone={(words) => { setPicking(undefined); setTold(words); }} />}
    </Page>
  );
}
