import { Answer } from "../../shell/Answer";
import { useMe } from "../signin/me";
import { IdentityOf } from "./Identity";

export function MyAccess() {
  const me = useMe();
  return <Answer to={me}>{(who) => <IdentityOf id={who.identity} own />}</Answer>;
}
