import { useQuery } from "@tanstack/react-query";
import type { ComponentType } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Bones } from "../../ui/Bones";
import { Page } from "../../ui/Page";
import { functionName } from "../function/words";
import { useMe } from "../signin/me";
import { Auditing } from "./Auditing";
import { Iam } from "./Iam";
import { Own } from "./Own";
import { Platform } from "./Platform";
import { useFindings } from "./queues";
import { Security } from "./Security";
import { urgent } from "./urgent";

const parts: Record<string, ComponentType<{ name?: string }>> = { iam: Iam, security_operations: Security, platform_owner: Platform, audit: Auditing };

// Home answers what is on fire and what is owed, for what somebody is here.
export function Home() {
  const me = useMe();
  return (
    <Answer to={me}>
      {(who) => {
        const functions = [...new Set((who.functions ?? []).map((f) => f.function))].filter((f) => parts[f]);
        const hello = `${greeting()}, ${who.name.split(" ")[0]}.`;
        return functions.length === 0
          ? <Page title={`${hello} What do you hold, and what do you owe?`}><Own id={who.identity} /></Page>
          : <Functions of={functions} hello={hello} id={who.identity} />;
      }}
    </Answer>
  );
}

// Functions is the home of whoever holds some, the most urgent first.
function Functions({ of, hello, id }: { of: string[]; hello: string; id: string }) {
  const open = useFindings({ limit: 1 });
  const ages = useQuery({ queryKey: ["ageing", {}], queryFn: () => ask(api.GET("/v1/findings/ageing", {})) });
  const waits = of.length > 1 && (open.isPending || ages.isPending);
  const ordered = urgent(of, open.data?.totals ?? [], ages.data?.by_function ?? []);
  return (
    <Page title={`${hello} Is anything on fire?`} lead={`You answer for ${of.map(functionName).join(", ")}.${of.length > 1 ? " What is most urgent comes first." : ""}`}>
      {waits ? <Bones lines={6} height={20} /> : ordered.map((f) => {
        const PartOf = parts[f]!;
        return <PartOf key={f} name={of.length > 1 ? functionName(f) : undefined} />;
      })}
      <Own id={id} name="Yours" />
    </Page>
  );
}

function greeting(): string {
  const hour = new Date().getHours();
  return hour >= 5 && hour < 12 ? "Good morning" : hour >= 12 && hour < 18 ? "Good afternoon" : "Good evening";
}
