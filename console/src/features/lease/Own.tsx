import { Button } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Past } from "./Past";
import { Get } from "./Get";
import { Given, type Account } from "./Given";
import { isOpen, useOwnLeases, useTemplates, type TemplateLine } from "./lease";
import css from "./lease.module.css";
import { Running } from "./Running";
import { asking, long } from "./words";

// Own are accounts that were made for whoever is signed in, and those that they may have made.
export function Own() {
  const leases = useOwnLeases();
  const templates = useTemplates();
  const [asked, setAsked] = useState<TemplateLine>();
  const [given, setGiven] = useState<Account>();
  const [told, setTold] = useState("");
  const past = (leases.data?.items ?? []).filter((l) => !isOpen(l.state)).slice(0, 10);
  return (
    <Page title="Which account do you need for a while?" lead="An account is made for you alone, and its password shown once. At its end it is taken away, with all that it left.">
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Panel title="Made for you" flush>
        <Answer to={leases} lines={3}>
          {(d) => {
            const open = (d.items ?? []).filter((l) => isOpen(l.state));
            return open.length === 0 ? <Blank sign={IconUserPlus} title="No account is made for you now" text="What you have made is here with the time that is left." /> : <Running items={open} names={d.names} own onTold={setTold} onGiven={setGiven} />;
          }}
        </Answer>
      </Panel>
      <Panel title="What you may have made" flush>
        <Answer to={templates} lines={3}>
          {(d) => {
            const mine = (d.items ?? []).filter((t) => t.may?.["lease.issue"]?.allowed);
            return mine.length === 0 ? <Blank title="There is nothing that you may have made" text="Identity and access management says who may have which account." /> : (
              <Rows items={mine.map((t) => ({
                key: t.id ?? t.name, below: true, start: <IconUserPlus size={18} stroke={1.6} aria-hidden />, title: t.name,
                note: <>{t.description && `${t.description}. `}In {t.names[t.system] ?? t.system}, up to {long(t.terms.most ?? 0)}, takes {asking(t.terms)}</>,
                end: <Button variant="default" size="xs" onClick={() => setAsked(t)}>Have one made<span className="out-of-view">: {t.name}</span></Button>,
              }))}
              />
            );
          }}
        </Answer>
      </Panel>
      {past.length > 0 && <Panel title="Before" flush><Past items={past} names={leases.data?.names ?? {}} own /></Panel>}
      {asked && <Get of={{ ...asked, id: asked.id ?? "" }} system={asked.names[asked.system] ?? "a system"} onClose={() => setAsked(undefined)} onTold={setTold} onGiven={setGiven} />}
      {given && <Given of={given} onClose={() => setGiven(undefined)} />}
    </Page>
  );
}
