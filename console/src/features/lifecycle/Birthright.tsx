import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask, askWithTag } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { Reasoned } from "../provision/Reasoned";
import { useMembers } from "./Birthrights";
import { Effect, useEffectOf } from "./Effect";
import css from "./lifecycle.module.css";
import { Mode } from "./Mode";
import { RuleForm } from "./RuleForm";
import { Without } from "./Without";
import { choiceText, type Birthright as Rule } from "./words";

const trail = [{ label: "Birthrights", to: "/birthrights" }];

// Birthright is one rule: whom it is for, and what it would mean to let it give or not.
export function Birthright() {
  const { name } = useParams({ strict: false }) as { name: string };
  const shown = useQuery({ queryKey: ["birthrights", name], queryFn: () => askWithTag(api.GET("/v1/birthrights/{name}", { params: { path: { name } } })) });
  if (!shown.data) return <Page title="Birthright rule" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known of={shown.data.data} tag={shown.data.tag} />;
}

type Doing = "edit" | "mode" | "remove" | undefined;

function Known({ of: r, tag }: { of: Rule; tag: string }) {
  const [doing, setDoing] = useState<Doing>();
  const rules = useQuery({ queryKey: ["birthrights"], queryFn: () => ask(api.GET("/v1/birthrights")) });
  const may = rules.data?.may["birthright.change"];
  const enforced = r.mode === "enforce";
  const close = () => setDoing(undefined);
  if (doing === "edit") return <RuleForm of={r} tag={tag} onClose={close} />;
  return (
    <Page
      title={`Who has something by ${r.name}?`} lead={r.description} trail={trail} marks={<div className={css.marks}><Mode of={r.mode} long /></div>}
      actions={(
        <>
          <MayButton may={may} variant="default" onClick={() => setDoing("remove")}>Remove it</MayButton>
          <MayButton may={may} variant="default" onClick={() => setDoing("edit")}>Change it</MayButton>
          <MayButton may={may} variant={enforced ? "default" : "filled"} onClick={() => setDoing("mode")}>{enforced ? "Only observe" : "Enforce it"}</MayButton>
        </>
      )}
    >
      <div className={ui.split}>
        <div className={ui.column}>
          <Other of={r} />
          <Members of={r.name} />
        </div>
        <Panel title="The rule">
          <Facts items={[
            ["Whoever meets", <code key="w" className={css.expression}>{r.when}</code>],
            ["Has", <div key="g">
              {(r.gives ?? []).map((g) => <div key={g.id}><Named of={g} /></div>)}
              {(r.choices ?? []).map((c, i) => <div key={`${c.role} ${i}`} className="within-text"><Named of={r.chooses?.[i]} /> <span className="quiet">{choiceText(c)}</span></div>)}
            </div>],
            ["Grace", r.grace_days ? `${count(r.grace_days)} days after they no longer meet it` : "none"],
          ]}
          />
        </Panel>
      </div>
      {doing === "mode" && <ChangeMode of={r} onClose={close} />}
      {doing === "remove" && <Remove of={r} onClose={close} />}
    </Page>
  );
}

// Other is what would change in the other mode.
function Other({ of: r }: { of: Rule }) {
  const mode = r.mode === "enforce" ? "observe" : "enforce";
  const effect = useEffectOf({ name: r.name, when: r.when, description: r.description, roles: r.roles, entitlements: r.entitlements, choices: r.choices, grace_days: r.grace_days, mode });
  return <Panel title={mode === "enforce" ? "If it were enforced" : "If it only observed"}><Answer to={effect} lines={3}>{(e) => <Effect of={e} />}</Answer></Panel>;
}

function Members({ of }: { of: string }) {
  const members = useMembers(of);
  return (
    <Panel title="Whom it is for now" note={members.data && `${count(members.data.members)} people`}>
      <Answer to={members} lines={5}>
        {(m) => (
          <div className={css.effect}>
            {m.members === 0 && <p className="quiet">Nobody meets it now.</p>}
            <div className={css.people}>{(m.first ?? []).map((who) => <Named key={who.id} of={who} />)}{m.members > (m.first ?? []).length && <span className="quiet">and {count(m.members - (m.first ?? []).length)} more</span>}</div>
            {m.doubtful > 0 && <div><h3>It cannot be told for {count(m.doubtful)}: nothing is given to them and nothing taken</h3><div className={css.people}>{(m.doubts ?? []).map((who) => <Named key={who.id} of={who} />)}</div></div>}
            <Without of={m.without} />
          </div>
        )}
      </Answer>
    </Panel>
  );
}

interface DialogProps {
  of: Rule;
  onClose: () => void;
}

function ChangeMode({ of: r, onClose }: DialogProps) {
  const queries = useQueryClient();
  const mode = r.mode === "enforce" ? "observe" : "enforce";
  return (
    <Reasoned
      title={mode === "enforce" ? `Enforce ${r.name}` : `Let ${r.name} only observe`} action={mode === "enforce" ? "Enforce it" : "Only observe"} danger={mode === "observe"} onClose={onClose}
      act={async (reason) => {
        await ask(api.PUT("/v1/birthrights/{name}/mode", { params: { path: { name: r.name } }, body: { mode, reason } }));
        await Promise.all([queries.invalidateQueries({ queryKey: ["birthrights"] }), queries.invalidateQueries({ queryKey: ["lifecycle"] })]);
      }}
    >
      <p>{mode === "enforce" ? "From now on whoever meets it has what it gives, and it is provisioned. Who would gain something by it themself does not do this: somebody else does." : "What it alone gave ends, and is taken away in the systems."}</p>
    </Reasoned>
  );
}

function Remove({ of: r, onClose }: DialogProps) {
  const queries = useQueryClient();
  const go = useNavigate();
  return (
    <Reasoned
      title={`Remove ${r.name}`} action="Remove the rule" danger onClose={onClose}
      act={async (reason) => {
        await ask(api.DELETE("/v1/birthrights/{name}", { params: { path: { name: r.name }, query: { reason } } }));
        await go({ to: "/birthrights" });
        await queries.invalidateQueries({ queryKey: ["birthrights"], exact: true });
      }}
    >
      <p>What it alone gives ends, and is taken away in the systems.</p>
    </Reasoned>
  );
}
