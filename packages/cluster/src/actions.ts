import {
  allocationsOf,
  blockAt,
  blockCount,
  blockIsEmpty,
  blockName,
  blockOwner,
  blockWithoutAffinity,
  didYouMean,
  type Era,
  type EventHandler,
  FabricError,
  formatCidr,
  type IssueCode,
  type IssueParts,
  issueAt,
  newAffinity,
  newBlock,
  nodeView,
  parseCidr,
  performDirectly,
  poolView,
} from "@calico-sim/core";
import type { Lifecycle } from "./lifecycle.js";
import { neighbourFault } from "./link-faults.js";
import type { ClusterParts } from "./parts.js";
import type { Recorder } from "./recorder.js";
import { type Action, describe, type Step } from "./scenario.js";
import { nodeId } from "./scenario-check.js";
import { ScenarioError } from "./scenario-error.js";
import { scenarioError } from "./scenario-faults.js";
import { TyphaDeployment } from "./typha-deployment.js";
import { Churn } from "./workloads/index.js";

/**
 * Carries out the actions of a scenario.
 *
 * While the datastore is down, what an operator writes fails as it does for kubectl: nothing is written,
 * nobody tries again, and the result says so. IPAM's work is begun anew by whoever asked for it.
 */
export class Actions implements EventHandler {
  private readonly parts: ClusterParts;
  private readonly lifecycle: Lifecycle;
  private readonly era: Era;
  private readonly recorder: Recorder;
  private readonly typhas: TyphaDeployment;
  private readonly churn: Churn;
  /** Steps that wait for the datastore, each with its place in its scenario. */
  private readonly waiting: { readonly step: Step; readonly index: number }[] = [];
  private readonly kindRetry: number;
  private podsCreated = 0;
  private churns = 0;

  constructor(parts: ClusterParts, lifecycle: Lifecycle, era: Era, recorder: Recorder) {
    this.parts = parts;
    this.recorder = recorder;
    this.kindRetry = parts.engine.defineKind("scenario-retry", this, { background: true });
    this.lifecycle = lifecycle;
    this.era = era;
    this.churn = new Churn(parts.engine, parts.workloads);
    this.typhas = new TyphaDeployment(parts, lifecycle);
  }

  /**
   * Carries out a step now.
   *
   * @param index Its place in its scenario, for messages.
   * @throws ScenarioError when what it asks for cannot be.
   */
  carryOut(step: Step, index: number): void {
    try {
      if (this.parts.datastore.up || !this.cannotWrite(step, index)) this.act(step.action);
    } catch (error) {
      const { path = [], ...fault } = this.impossible(step.action, error);
      const issue = issueAt(undefined, { ...fault, path: ["action", ...path] });
      // A scenario of which only this step is known.
      const scenario: Step[] = [];
      scenario[index] = step;
      throw scenarioError(scenario, [{ index, issue }]);
    }
  }

  /** What an error says of an action that asks for what cannot be. Throws the error if it is about anything else. */
  private impossible(action: Action, error: unknown): IssueParts<IssueCode> {
    const ofFabric = error instanceof FabricError;
    if (ofFabric && error.code === "UNKNOWN_LINK" && "between" in action) {
      const links = this.parts.fabric.links();
      return neighbourFault(
        action.between,
        links.map(({ from, to }) => [from, to]),
      );
    }
    if (!ofFabric && !(error instanceof ScenarioError)) throw error;
    return { code: "VALUE_UNKNOWN", message: error.message };
  }

  private act(action: Action): void {
    const { routers } = this.parts;
    switch (action.type) {
      case "start":
        this.lifecycle.startAll(action.stagger);
        return;
      case "node-join":
        this.lifecycle.join(action.node);
        return;
      case "node-crash":
        this.lifecycle.crash(this.nodeId(action.node));
        return;
      case "node-reboot":
        this.lifecycle.reboot(this.nodeId(action.node));
        return;
      case "node-cut":
        if (routers.has(action.node)) this.onRouter(() => routers.cut(action.node));
        else this.lifecycle.cut(this.nodeId(action.node));
        return;
      case "node-heal":
        if (routers.has(action.node)) this.onRouter(() => routers.heal(action.node));
        else this.lifecycle.heal(this.nodeId(action.node));
        return;
      case "router-crash":
        this.onRouter(() => routers.crash(action.router));
        return;
      case "router-reboot":
        this.onRouter(() => routers.boot(action.router));
        return;
      case "node-delete":
        this.deleteNode(action.node);
        return;
      case "kill": {
        const { daemon, target, signal, restartAfter } = action;
        if (routers.has(target)) routers.kill(target, signal, restartAfter);
        else this.lifecycle.killProcess(daemon, target, signal, restartAfter);
        return;
      }
      case "block-add":
        for (let i = 0; i < action.count; i++) this.addBlock(action.node);
        return;
      case "block-remove":
        this.removeBlocks(action.node, action.count);
        return;
      case "pods-create":
        this.createPods(action);
        return;
      case "pods-churn":
        this.startChurn(action);
        return;
      case "link-cut":
        this.parts.fabric.cutLink(this.parts.fabric.linkBetween(...action.between));
        this.lifecycle.pathsChanged();
        return;
      case "link-restore":
        this.parts.fabric.restoreLink(this.parts.fabric.linkBetween(...action.between));
        this.lifecycle.pathsChanged();
        return;
      case "link-degrade": {
        const { type: _, between, ...change } = action;
        this.parts.fabric.degradeLink(this.parts.fabric.linkBetween(...between), change);
        this.lifecycle.pathsChanged();
        return;
      }
      case "link-mend":
        this.parts.fabric.mendLink(this.parts.fabric.linkBetween(...action.between));
        this.lifecycle.pathsChanged();
        return;
      case "rack-cut":
        this.parts.fabric.cutRack(action.rack);
        this.lifecycle.pathsChanged();
        return;
      case "rack-restore":
        this.parts.fabric.restoreRack(action.rack);
        this.lifecycle.pathsChanged();
        return;
      case "packets-drop":
        if (action.port === undefined) this.parts.fabric.cutPath(action.from, action.to);
        else this.parts.fabric.dropPort(action.from, action.to, action.port);
        this.lifecycle.pathsChanged();
        return;
      case "packets-allow":
        if (action.port === undefined) this.parts.fabric.restorePath(action.from, action.to);
        else this.parts.fabric.allowPort(action.from, action.to, action.port);
        this.lifecycle.pathsChanged();
        return;
      case "apply":
        for (const resource of action.resources) this.parts.datastore.put(resource);
        if (action.resources.some((r) => r.kind === "IPPool"))
          this.parts.nodeServices.reconcileTunnels();
        return;
      case "delete":
        this.deleteObject(action);
        return;
      case "etcd-endpoints":
        this.parts.etcd.write(action.endpoints);
        return;
      case "detect-ipv6":
        this.parts.nodeServices.detectIpv6();
        return;
      case "pod-families":
        this.parts.workloads.setFamilies(action.families);
        return;
      case "datastore-down":
        this.parts.datastore.setUp(false);
        return;
      case "datastore-up":
        this.parts.datastore.setUp(true);
        return;
    }
  }

  /** See {@link EventHandler}. */
  onEvent(_kind: number, a: number): void {
    const { step, index } = this.waiting[a]!;
    this.carryOut(step, index);
  }

  /** During an outage: whether an action needs the datastore, and what then becomes of it. */
  private cannotWrite(step: Step, index: number): boolean {
    const { engine, spec, workloads } = this.parts;
    const { action } = step;
    switch (action.type) {
      case "detect-ipv6":
      case "pod-families":
        // Both stand in objects of the Kubernetes API, which is another datastore where Calico has etcd.
        if (spec.datastore === "etcd") return false;
        this.recorder.writeRefused(describe(action), engine.now);
        return true;
      case "apply":
      case "delete":
      case "node-delete":
        this.recorder.writeRefused(describe(action), engine.now);
        return true;
      case "block-add":
      case "block-remove":
        // The sandbox that needs the block is made again after the kubelet's pause.
        engine.after(workloads.parameters.backOff, this.kindRetry, this.waiting.length);
        this.waiting.push({ step, index });
        return true;
      default:
        return false;
    }
  }

  /**
   * `kubectl delete node` and what its controllers make of it: its pods are collected, its addresses and
   * affinities released; a block in which others borrowed stays without an owner (node-behaviour §2.8).
   */
  private deleteNode(name: string): void {
    const { datastore, engine, workloads } = this.parts;
    datastore.remove("Node", name);
    for (const pod of datastore.list("Pod").filter((p) => p.spec?.nodeName === name)) {
      datastore.remove("Pod", pod.metadata.name, pod.metadata.namespace);
    }
    workloads.forgetNode(name);
    this.typhas.nodeDeleted(this.nodeId(name));
    const handles = datastore
      .list("IPAMBlock")
      .flatMap((block) => allocationsOf(block).filter(({ node }) => node === name))
      .map(({ handle }) => handle);
    for (const handle of new Set(handles)) {
      performDirectly(datastore, { type: "release", handle }, engine.now);
    }
    for (const block of datastore.list("IPAMBlock").filter((b) => blockOwner(b) === name)) {
      if (blockIsEmpty(block)) datastore.remove("IPAMBlock", block.metadata.name);
      else datastore.put(blockWithoutAffinity(block));
    }
    for (const affinity of datastore.list("BlockAffinity").filter((a) => a.spec.node === name)) {
      datastore.remove("BlockAffinity", affinity.metadata.name);
    }
  }

  /** `kubectl delete`, which says so when there is no such object. */
  private deleteObject(action: Extract<Action, { type: "delete" }>): void {
    const { datastore, engine } = this.parts;
    const { kind, name, namespace } = action;
    if (datastore.get(kind, name, namespace) === undefined) {
      const names = datastore.list(kind as "Node").map(({ metadata }) => metadata.name);
      this.recorder.nothingFound(describe(action), engine.now, didYouMean(name, names));
    } else datastore.remove(kind, name, namespace);
  }

  /** What IPAM leaves when a node claims a further block, without the requests. */
  private addBlock(node: string): void {
    const pool = this.parts.datastore.list("IPPool").find((p) => !poolView(p, this.era).disabled);
    if (pool === undefined) throw new ScenarioError("no enabled IPPool to take a block from");
    const view = poolView(pool, this.era);
    const cidr = parseCidr(view.cidr)!;
    for (let i = 0; i < blockCount(cidr, view.blockSize); i++) {
      const text = formatCidr(blockAt(cidr, view.blockSize, i));
      if (this.parts.datastore.get("IPAMBlock", blockName(text)) !== undefined) continue;
      this.parts.datastore.put(newAffinity(node, text, "pending"));
      this.parts.datastore.put(
        newBlock({ cidr: text, node, strictAffinity: false, at: this.parts.engine.now }),
      );
      this.parts.datastore.put(newAffinity(node, text, "confirmed"));
      return;
    }
    throw new ScenarioError(
      `IPPool ${view.name} (${view.cidr}) has no free block of /${String(view.blockSize)}`,
    );
  }

  private removeBlocks(node: string, count: number): void {
    const empty = this.parts.datastore
      .list("IPAMBlock")
      .filter((block) => block.spec.affinity === `host:${node}` && blockIsEmpty(block))
      .reverse()
      .slice(0, count);
    for (const block of empty) {
      this.parts.datastore.remove(
        "BlockAffinity",
        newAffinity(node, block.spec.cidr).metadata.name,
      );
      this.parts.datastore.remove("IPAMBlock", block.metadata.name);
    }
  }

  /**
   * Running nodes that take pods: those that are not cordoned (kubernetes: pkg/scheduler, NodeUnschedulable). Taints are
   * left out of the model.
   */
  private schedulable(action: Action): readonly string[] {
    const { datastore, engine } = this.parts;
    const live = this.lifecycle.liveNodes();
    const names = live.filter((name) => {
      const node = datastore.get("Node", name);
      return node === undefined || !nodeView(node).unschedulable;
    });
    const why =
      live.length === 0
        ? "no node runs"
        : "no node that runs takes pods (spec.unschedulable keeps them off)";
    if (names.length === 0) this.recorder.podsUnscheduled(describe(action), engine.now, why);
    return names;
  }

  /** On the nodes that are there now; if there is none, no pod can be scheduled. */
  private startChurn(action: Extract<Action, { type: "pods-churn" }>): void {
    const nodes = this.schedulable(action);
    if (nodes.length === 0) return;
    this.churn.start({
      name: `churn-${String(this.churns++)}`,
      rate: action.perSecond,
      lifetime: action.lifetime,
      until: this.parts.engine.now + action.duration,
      nodes,
      namespace: action.namespace,
      ...(action.labels === undefined ? {} : { labels: action.labels }),
    });
  }

  private createPods(action: Extract<Action, { type: "pods-create" }>): void {
    const { count, over, namespace, labels } = action;
    const live = this.schedulable(action);
    for (let i = 0; i < count; i++) {
      const node = live[i % live.length];
      if (node === undefined) return;
      const name = `pod-${String(this.podsCreated++)}`;
      const at = this.parts.engine.now + Math.floor((over * i) / count);
      const spec = { namespace, name, node, ...(labels === undefined ? {} : { labels }) };
      this.parts.workloads.createPod(spec, at);
    }
  }

  /** Does something to an external router that bears on who reaches whom. */
  private onRouter(act: () => void): void {
    act();
    this.lifecycle.pathsChanged();
  }

  private nodeId(name: string): number {
    return nodeId(this.parts.nodes, name);
  }
}
