import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Doubt } from "./Doubt";

export type Item = ItemOf<"list-doubts">;

export function useDoubts() {
  return useQuery({ queryKey: ["doubts"], queryFn: () => ask(api.GET("/v1/doubts")) });
}

const together = 20;

// Doubts shows the rows of sources of which nobody can say whose they are: those that
// somebody decides first, then those that are mended in the source.
export function Doubts() {
  const [shown, setShown] = useState(together);
  const [told, setTold] = useState("");
  const doubts = useDoubts();
  const items = [...(doubts.data?.items ?? [])].sort((a, b) => rank(a) - rank(b));
  const of = (r: number) => items.filter((d) => rank(d) === r).length;
  const [waiting, twice, decided] = [of(0), of(1), of(2)];
  return (
    <Page title="Whose are these rows?" lead="Somebody comes with the number of a person who has left and by another name, or two people have one number. Such a row gives nobody anything until it is known whose it is.">
      <p role="status" className={told ? undefined : "out-of-view"}>{told}</p>
      {doubts.error ? <Panel><Failed error={doubts.error} onRetry={() => void doubts.refetch()} /></Panel>
        : doubts.isPending ? <Panel><Bones lines={8} /></Panel>
          : items.length === 0 ? <Panel><Blank sign={IconCircleCheck} title="Nothing is in doubt" text="It is known of every row of every source whose it is, as their last syncs found them." /></Panel>
            : (
              <>
                <Figures items={[
                  { value: count(waiting), label: waiting === 1 ? "row waits for a decision" : "rows wait for a decision", note: "the number was somebody’s who has left", tone: waiting > 0 ? "mild" : undefined },
                  { value: count(twice), label: twice === 1 ? "row has a number twice" : "rows have a number twice", note: "nobody decides that: the source is mended" },
                  { value: count(decided), label: decided === 1 ? "row is decided" : "rows are decided", note: decided === 1 ? "it counts from the next sync on" : "they count from the next sync on" },
                ]}
                />
                {items.slice(0, shown).map((d) => <Doubt key={`${d.source} ${d.row}`} of={d} onDecided={setTold} />)}
                {shown < items.length && <div><Button variant="default" onClick={() => setShown(shown + together)}>Show more of them</Button></div>}
              </>
            )}
    </Page>
  );
}

function rank(d: Item): number {
  return d.decided ? 2 : d.kind === "rehire" ? 0 : 1;
}
