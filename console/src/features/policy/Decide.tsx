import { useNavigate } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { Reasoned } from "../provision/Reasoned";
import { useSeen, type Versioned } from "./policy";

export interface DecideProps {
  of: Versioned;
  onClose: () => void;
}

export function Publish({ of, onClose }: DecideProps) {
  const { at, did } = useSeen(of);
  const draft = of.data.draft!;
  return (
    <Reasoned
      title={draft.retired ? `Publish that ${of.data.name} ends` : `Publish ${of.data.name}`} action={`Publish version ${draft.number + 1}`} question="Why may it be published?" danger={draft.retired} onClose={onClose}
      act={(reason) => did(ask(api.POST("/v1/policies/{id}/publish", { ...at, body: { reason } })))}
    >
      <p>{draft.retired ? "None of its policies counts from the next decision on." : "It is in force from the next decision on, here at once and at the other nodes when they have followed. What only observes or warns stops nobody."} What it changes is kept with the record.</p>
    </Reasoned>
  );
}

export function Discard({ of, onClose }: DecideProps) {
  const { at, did } = useSeen(of);
  const go = useNavigate();
  const gone = !of.data.published;
  const discard = async (reason: string) => {
    await ask(api.POST("/v1/policies/{id}/discard", { ...at, body: { reason } }));
    if (gone) await go({ to: "/policies" });
  };
  return (
    <Reasoned title={`Discard the draft of ${of.data.name}`} action="Discard the draft" question="Why is it not to be published?" danger onClose={onClose} act={(reason) => did(discard(reason))}>
      <p>{gone ? "It was never published: nothing is left of it but the record." : "What is published stays as it is."} What was written is gone.</p>
    </Reasoned>
  );
}

export function Retire({ of, onClose }: DecideProps) {
  const { at, did } = useSeen(of);
  const go = useNavigate();
  const retire = async (reason: string) => {
    await ask(api.POST("/v1/policies/{id}/retire", { ...at, body: { reason } }));
    await go({ to: ".", search: { tab: "draft" } as never });
  };
  return (
    <Reasoned title={`Retire ${of.data.name}`} action="Write that it ends" question="Why is it needed no longer?" danger onClose={onClose} act={(reason) => did(retire(reason))}>
      <p>This writes its end as a draft. It stays in force until somebody else publishes that.{of.data.draft && " The draft that is open now is gone with it."}</p>
    </Reasoned>
  );
}
