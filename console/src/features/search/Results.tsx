import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { SearchField } from "../../ui/Filter";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { useList } from "../../ui/useList";
import { Tier } from "../access/marks";
import { said } from "../access/words";
import { hitNote, hitPlace, hitSign } from "./hit";

// Results is everything that a search finds.
export function Results() {
  const list = useList();
  const q = list.text("q") ?? "";
  const found = useQuery({ queryKey: ["search", q], queryFn: () => ask(api.GET("/v1/search", { params: { query: { q, limit: 100 } } })), enabled: q !== "", placeholderData: keepPreviousData });
  return (
    <Page title={q ? `What is called “${q}”?` : "What are you looking for?"} lead="Names may be misspelt a little. Words with a colon narrow: kind:service owner:none tier:0 system:payroll-db dormant:yes.">
      <SearchField list={list} label="Search everything" width="100%" />
      {q !== "" && (
        <Answer to={found} lines={8}>
          {(f) => ((f.items ?? []).length === 0 ? <Panel><Blank title="Nothing was found" text="Nothing that you may see is called that." /></Panel> : (
            <>
              <Figures items={[{ value: count(f.total), label: "found" }, ...Object.entries(f.types ?? {}).filter(([, n]) => n > 0).map(([type, n]) => ({ value: count(n), label: said(type) }))]} />
              <Panel flush>
                <Rows items={(f.items ?? []).map((hit) => {
                  const Sign = hitSign(hit.type);
                  return { key: hit.id, to: hitPlace(hit), start: <Sign size={18} stroke={1.6} aria-hidden />, title: hit.name, note: hitNote(hit), end: typeof hit.tier === "number" ? <Tier of={hit.tier} /> : undefined };
                })}
                />
              </Panel>
            </>
          ))}
        </Answer>
      )}
    </Page>
  );
}
