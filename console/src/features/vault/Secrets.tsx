import { Button } from "@mantine/core";
import { IconShieldLock, IconClockHour4, IconKey } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { lasting } from "../elevate/words";
import { CheckOut } from "./CheckOut";
import { Outs } from "./Outs";
import { useCheckouts, useSafes, useSecrets, type SecretLine } from "./vault";
import css from "./vault.module.css";
import { kindOf, takes } from "./words";

// Secrets are what whoever is signed in has out, with the time that is left, and what they
// may check out.
export function Secrets() {
  const mine = useCheckouts({ mine: true, limit: 100 });
  const secrets = useSecrets();
  const safes = useSafes();
  const [asked, setAsked] = useState<SecretLine>();
  const [told, setTold] = useState("");
  const termsOf = new Map((safes.data?.items ?? []).map((s) => [s.id, s]));
  const has = new Set((mine.data?.items ?? []).map((c) => c.secret));
  const may = (secrets.data?.items ?? []).filter((x) => x.state === "live" && x.may?.["secret.use"]?.allowed);
  const bySafe = [...new Set(may.map((x) => x.safe))].map((id) => ({ id, name: may.find((x) => x.safe === id)?.names[id] ?? id, items: may.filter((x) => x.safe === id) }));
  const safe = asked && termsOf.get(asked.safe);
  return (
    <Page title="Which secrets may you use?" lead={<>You have one for as long as you need it. It ends by itself, and you seldom have to see it. <Link to="/safes">All safes that you may see</Link></>}>
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Panel title="You have out" flush>
        <Answer to={mine} lines={3}>
          {(d) => ((d.items ?? []).length === 0 ? <Blank sign={IconClockHour4} title="You have nothing out" text="What you check out is here with the time that is left." /> : <Outs items={d.items ?? []} names={d.names} own onTold={setTold} />)}
        </Answer>
      </Panel>
      <Answer to={secrets} lines={4}>
        {() => (bySafe.length === 0 ? <Panel title="You may check out" flush><Blank sign={IconShieldLock} title="You may use no secret" text="The owner of a safe gives rights in it." /></Panel> : (
          <>
            {bySafe.map(({ id, name, items }) => {
              const s = termsOf.get(id);
              return (
                <Panel key={id} title={`In ${name} you may check out`} note={s && `takes ${takes(s.terms)}, up to ${lasting(s.terms.most_minutes)}`} flush>
                  <Rows items={items.map((x) => {
                    const Sign = kindOf(x.kind).sign;
                    return {
                      key: x.id, start: <Sign size={18} stroke={1.6} aria-hidden />, title: <Link to="/secrets/$id" params={{ id: x.id }}>{x.name}</Link>, note: [kindOf(x.kind).label, x.description].filter(Boolean).join(" · "),
                      end: has.has(x.id) ? <Mark tone="good" sign={IconKey} bare>You have it</Mark> : s && <Button variant="default" size="xs" onClick={() => setAsked(x)}>Check it out<span className="out-of-view">: {x.name}</span></Button>,
                    };
                  })}
                  />
                </Panel>
              );
            })}
          </>
        ))}
      </Answer>
      {asked && safe && <CheckOut of={asked} terms={safe.terms} rotates={safe.rotates} onClose={() => setAsked(undefined)} onOut={(words) => { setAsked(undefined); setTold(words); }} />}
    </Page>
  );
}
