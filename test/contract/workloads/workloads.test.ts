import { expect } from 'chai';
import { startTimeout } from '../../cluster/support.ts';
import { startContainerApp, startSlot, startSpringApp, startWebApp } from './azure-apps.ts';
import { bringAbout, type ContractWorkload, planNow, refusalOf, requestOf } from './contract-workload.ts';
import { startServiceAccount } from './service-account.ts';

const { signal } = new AbortController();
const settings: Readonly<Record<string, string>> = { ORDERS_HOST: 'shop-pg.example', ORDERS_USER: 'aad_shop_a' };

for (const start of [startServiceAccount, startContainerApp, startWebApp, startSlot, startSpringApp])
  describe(`the contract of workloads: ${start.name.replace('start', '')}`, function () {
    this.timeout(20_000);
    let started: ContractWorkload | undefined;
    const workload = () => started!;
    const request = (changes: Parameters<typeof requestOf>[1] = {}) => requestOf(workload(), changes);
    const bring = (changes = {}, wanted = settings) => bringAbout(workload(), request(changes), { settings: wanted });
    const plan = (changes = {}, wanted = settings) => planNow(workload(), request(changes), { settings: wanted });
    /** What it had before anything of ours was in it. */
    let before_: Readonly<Record<string, string>>;

    before(async function () {
      this.timeout(startTimeout);
      started = await start();
    });
    after(() => started?.stop());
    beforeEach(async () => {
      await workload().reset();
      before_ = await workload().environment();
    });

    it('is told by its name in status', () => {
      expect(workload().kind.describe(workload().spec)).to.match(new RegExp(`^${workload().kind.type}/`));
    });

    it('finds its settings beside what it had, and then nothing is left to do', async () => {
      await bring();
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings });
      const writes = workload().writes();
      expect((await plan()).steps).to.deep.equal([]);
      expect(workload().writes(), 'looking writes nothing').to.equal(writes);
    });

    it('has steps that name settings and hold none of their values', async () => {
      const text = JSON.stringify(await bring());
      expect(text).to.include('ORDERS_HOST');
      expect(text).not.to.include('shop-pg.example');
    });

    it('is said to be missing when it is', async () => {
      expect(await refusalOf(plan({ spec: workload().missing }))).to.match(/^waiting WorkloadNotFound: there is no .*"nobody"/);
      await workload().kind.release(request({ spec: workload().missing }), { signal });
    });

    it('has its settings mended when somebody changes one and removes another', async () => {
      await bring();
      await workload().byHand({ set: { ORDERS_HOST: 'evil.example' }, remove: ['ORDERS_USER'] });
      expect((await plan()).steps).to.have.length(1);
      await bring();
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings });
    });

    it('gets the settings of a changed spec, and loses those before', async () => {
      await bring();
      const next = { SHOP_HOST: 'h', ORDERS_USER: 'u' };
      await bring({}, next);
      expect(await workload().environment()).to.deep.equal({ ...before_, ...next });
    });

    it('keeps a setting that somebody else wrote under one of our names, until the spec takes it over', async () => {
      await workload().byHand({ set: { ORDERS_HOST: 'theirs', THEIRS: 'x' } });
      expect(await refusalOf(bring())).to.match(/^waiting (Secret|Setting)NotOwned: /);
      expect(await workload().environment()).to.deep.equal({ ...before_, ORDERS_HOST: 'theirs', THEIRS: 'x' });
      await bring({ output: { adopt: true } });
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings, THEIRS: 'x' });
      await workload().kind.release(request({ output: { adopt: true } }), { signal });
      expect(await workload().environment()).to.deep.equal({ ...before_, THEIRS: 'x' });
    });

    it('is as it was when the connection goes, however often that is asked', async () => {
      await bring();
      for (let time = 0; time < 2; time += 1) await workload().kind.release(request(), { signal });
      expect(await workload().environment()).to.deep.equal(before_);
      const writes = workload().writes();
      await workload().kind.release(request(), { signal });
      expect(workload().writes()).to.equal(writes);
    });

    it('is left alone by a connection that never came to anything', async () => {
      await workload().byHand({ set: settings });
      const writes = workload().writes();
      await workload().kind.release(request(), { signal });
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings });
      expect(workload().writes()).to.equal(writes);
    });

    it('keeps its settings when the connection is retained, and they are nobody’s then', async () => {
      await bring();
      await workload().kind.retain(request(), { signal });
      await workload().kind.release(request(), { signal });
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings });
      // another life of the same connection has another uid
      const uid = '11111111-0000-4000-8000-0000000000ff';
      expect(await refusalOf(bring({ uid }, { ...settings, ORDERS_HOST: 'other' }))).to.match(/NotOwned: /);
    });

    it('comes to the same when the answer of a write is lost', async () => {
      workload().loseNextAnswer();
      expect(await refusalOf(bring())).to.be.a('string');
      await bring();
      expect(await workload().environment()).to.deep.equal({ ...before_, ...settings });
      await workload().kind.release(request(), { signal });
      expect(await workload().environment()).to.deep.equal(before_);
    });
  });
