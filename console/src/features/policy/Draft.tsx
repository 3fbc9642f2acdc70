import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Today } from "../analytics/PolicyWhatIf";
import { useMe } from "../signin/me";
import { About, Unusable } from "./About";
import { Discard, Publish } from "./Decide";
import css from "./policy.module.css";
import type { Version, Versioned } from "./policy";
import { Difference, Each, Text } from "./Text";

// Draft is what a document is to become: how its text changes, and what that would change
// for everybody.
export function Draft({ of, draft }: { of: Versioned; draft: Version }) {
  const d = of.data;
  return (
    <div className={ui.split}>
      <div className={ui.column}>
        <Unusable of={draft} />
        {draft.retired ? <Panel title="It is to be in force no longer"><p>Once somebody publishes that, none of its policies counts any more. Its versions stay, and its name may be written again.</p></Panel> : (
          <>
            <Panel title="The policies of the draft"><Each of={draft.policies ?? []} here={!d.published} /></Panel>
            {d.published ? <Panel title="How the text changes" note={`from version ${d.published.number}`}><Difference was={d.published.text} is={draft.text} label="How the text changes" /></Panel>
              : <Panel title="The text"><Text of={draft.text} label="The text" /></Panel>}
          </>
        )}
        {!draft.problem && d.may?.["policy.simulate"]?.allowed && <Impact of={of} />}
      </div>
      <Panel title="The draft">
        <div className={css.column}>
          <About of={draft} />
          <Buttons of={of} />
        </div>
      </Panel>
    </div>
  );
}

type Verb = "publish" | "discard";

const dialogs = { publish: Publish, discard: Discard };

function Buttons({ of }: { of: Versioned }) {
  const [doing, setDoing] = useState<Verb>();
  const Dialog = doing && dialogs[doing];
  const me = useMe();
  const may = of.data.may ?? {};
  const publish = may["policy.publish"];
  const own = (of.data.draft?.authors ?? []).some((by) => by.id === me.data?.identity);
  return (
    <>
      <div className={css.buttons}>
        <MayButton may={publish} onClick={() => setDoing("publish")}>Publish</MayButton>
        <MayButton may={may["policy.change"]} variant="default" onClick={() => setDoing("discard")}>Discard</MayButton>
      </div>
      {publish && !publish.allowed && <p className={css.why}>{own ? "You wrote some of it, so somebody else publishes it: somebody of identity and access management who wrote none of it." : `You cannot publish it. ${sentence(publish.why ?? "")}`}</p>}
      {Dialog && <Dialog key={doing} of={of} onClose={() => setDoing((now) => (now === doing ? undefined : now))} />}
    </>
  );
}

// Impact is what publishing would change now, with the modes as the text says them.
function Impact({ of }: { of: Versioned }) {
  const id = of.data.id;
  const impact = useQuery({
    queryKey: ["policies", id, "impact", of.tag], retry: false,
    queryFn: () => ask(api.GET("/v1/policies/{id}/impact", { params: { path: { id }, query: { limit: 20 } } })),
  });
  return <Panel title="What publishing it would change" note="with its modes as they are"><Answer to={impact} lines={5}>{(n) => <Today of={n} />}</Answer></Panel>;
}
