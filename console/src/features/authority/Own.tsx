import { Button } from "@mantine/core";
import { IconCertificate } from "@tabler/icons-react";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { useAuthorities, type Certificate, type Profile } from "./authority";
import css from "./authority.module.css";
import { Certificates } from "./Certificates";
import { Sign } from "./Sign";
import { asking, kindLabel, span } from "./words";

interface Signing {
  profile: Profile;
  kind: string;
  agreed?: Certificate;
}

// Own are what whoever is signed in may have signed, and what was signed for them.
export function Own() {
  const found = useAuthorities();
  const [signing, setSigning] = useState<Signing>();
  const [told, setTold] = useState("");
  const all = (found.data?.items ?? []).flatMap((a) => (a.profiles ?? []).map((profile) => ({ profile, kind: a.kind, authority: a.name })));
  const take = (c: Certificate) => {
    const of = all.find((x) => x.profile.id === c.profile);
    if (of) setSigning({ profile: of.profile, kind: of.kind, agreed: c });
  };
  return (
    <Page title="What may you have signed?" lead="A certificate or a token says who you are for some minutes, so that you keep no password. Your private key stays with you.">
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Panel title="Signs for you" flush>
        <Answer to={found} lines={3}>
          {() => {
            const mine = all.filter((x) => x.profile.mine);
            return mine.length === 0 ? <Blank sign={IconCertificate} title="Nothing signs for you" text="Whoever answers for an authority says for whom it signs." /> : (
              <Rows items={mine.map((x) => ({
                key: x.profile.id, below: true, start: <IconCertificate size={18} stroke={1.6} aria-hidden />, title: x.profile.name,
                note: <>{kindLabel(x.kind)}, by {x.authority}, for {span(x.profile.longest_seconds)} at most, takes {asking(x.profile)}</>,
                end: <Button variant="default" size="xs" onClick={() => setSigning(x)}>Have something signed<span className="out-of-view">: {x.profile.name}</span></Button>,
              }))}
              />
            );
          }}
        </Answer>
      </Panel>
      <Certificates query={{ mine: true }} authorities={found.data?.items ?? []} onSign={take} onTold={setTold} />
      {signing && <Sign of={signing.profile} kind={signing.kind} agreed={signing.agreed} onClose={() => setSigning(undefined)} onTold={setTold} />}
    </Page>
  );
}
