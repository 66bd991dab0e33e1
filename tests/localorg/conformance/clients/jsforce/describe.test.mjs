// What the org says of itself: describes and their cache, layouts, limits, recent records, changes since.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, calls, connect } from './org.mjs';

beginAfresh();

test('describe tells fields, children and record types', async () => {
  const conn = await connect();

  const described = await conn.describe('contact');

  assert.equal(described.name, 'Contact');
  assert.equal(described.keyPrefix, '003');
  const lastName = described.fields.find((field) => field.name === 'LastName');
  assert.equal(Object.keys(lastName).length, 57);
  assert.deepEqual([lastName.nillable, lastName.createable, lastName.length], [false, true, 80]);
  assert.ok(described.childRelationships.some((child) => child.childSObject === 'Task' && child.relationshipName === 'Tasks'));
  assert.ok(described.recordTypeInfos.some((type) => type.master && type.name === 'Master'));
});

test('describe of one object is a synonym of the sobject', async () => {
  const conn = await connect();

  assert.deepEqual(await conn.sobject('Lead').describe(), await conn.describeSObject('Lead'));
});

test('a describe is asked for once where the cache may answer', async () => {
  const conn = await connect();

  await conn.describe$('Contact');
  await conn.describe$('Contact');
  assert.equal(conn.describe$$('Contact').name, 'Contact');
  assert.equal(await calls('GET sobjects/Contact/describe'), 1);

  await conn.describe('Contact');
  assert.equal(await calls('GET sobjects/Contact/describe'), 2);
});

test('the global describe names every object and fills in the connection', async () => {
  const conn = await connect();

  const everything = await conn.describeGlobal();

  const names = everything.sobjects.map((sobject) => sobject.name);
  assert.deepEqual([everything.encoding, everything.maxBatchSize], ['UTF-8', 200]);
  for (const name of ['Account', 'Contact', 'Lead', 'Opportunity', 'Task', 'Event', 'User', 'Campaign', 'CampaignMember']) {
    assert.ok(names.includes(name), name);
    assert.equal(conn.sobjects[name].type, name);
  }
  assert.equal((await conn.describeGlobal$()).sobjects.length, names.length);
  assert.equal(conn.describeGlobal$$().sobjects.length, names.length);
});

test('every object of the global describe can be described', async () => {
  const conn = await connect();
  const { sobjects } = await conn.describeGlobal();

  for (const { name, urls } of sobjects) {
    const described = await conn.request(urls.describe);
    assert.equal(described.name, name);
    assert.equal(described.urls.sobject, urls.sobject);
  }
});

test('layouts tell the picklists of each record type', async () => {
  const conn = await connect();

  const { layouts, recordTypeMappings } = await conn.sobject('Opportunity').layouts();

  assert.equal(layouts.length, 1);
  const [mapping] = recordTypeMappings;
  const stages = mapping.picklistsForRecordType.find((list) => list.picklistName === 'StageName');
  assert.ok(stages.picklistValues.some((value) => value.value === 'Closed Won'));
});

test('compact and approval layouts can be asked for', async () => {
  const conn = await connect();

  const { compactLayouts, defaultCompactLayoutId, recordTypeCompactLayoutMappings } =
    await conn.sobject('Account').compactLayouts();
  assert.equal(compactLayouts[0].objectType, 'Account');
  assert.equal(compactLayouts[0].fieldItems[0].layoutComponents[0].value, 'Name');
  assert.equal(defaultCompactLayoutId, null);
  assert.equal(recordTypeCompactLayoutMappings[0].recordTypeName, 'Master');

  assert.deepEqual(await conn.sobject('Account').approvalLayouts(), { approvalLayouts: [] });
});

test('an unknown object is an error', async () => {
  const conn = await connect();

  await assert.rejects(conn.describe('Nothing__c'), { errorCode: 'NOT_FOUND' });
});

test('limits tell the calls that are left', async () => {
  const conn = await connect();

  const limits = await conn.limits();

  assert.deepEqual(limits.DailyApiRequests, { Max: 100_000, Remaining: 99_999 });
  for (const name of ['DailyBulkApiBatches', 'DailyBulkV2QueryJobs', 'DataStorageMB', 'FileStorageMB']) {
    assert.ok(limits[name].Remaining <= limits[name].Max, name);
  }
});

test('recent records are those just read, of one type or of all', async () => {
  const conn = await connect();
  const contact = await conn.create('Contact', { LastName: 'Seen' });
  const account = await conn.create('Account', { Name: 'Seen' });
  await conn.retrieve('Contact', contact.id);
  await conn.retrieve('Account', account.id);

  const all = await conn.recent(2);
  const contacts = await conn.sobject('Contact').recent();

  assert.deepEqual(new Set(all.map((record) => record.Id)), new Set([contact.id, account.id]));
  assert.equal(contacts[0].Id, contact.id);
  assert.equal(contacts[0].attributes.type, 'Contact');
});

test('what was changed and deleted since is told by id', async () => {
  const conn = await connect();
  const changed = await conn.create('Contact', { LastName: 'Changed' });
  const gone = await conn.create('Contact', { LastName: 'Gone' });
  await conn.destroy('Contact', gone.id);
  const start = new Date(Date.now() - 600_000);
  const end = new Date(Date.now() + 120_000);

  const updated = await conn.sobject('Contact').updated(start.toISOString(), end.toISOString());
  const deleted = await conn.sobject('Contact').deleted(start, end);

  assert.ok(updated.ids.includes(changed.id));
  assert.ok(!updated.ids.includes(gone.id));
  assert.deepEqual(deleted.deletedRecords.map((record) => record.id), [gone.id]);
  assert.match(deleted.latestDateCovered, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000\+0000$/);
  assert.ok(new Date(deleted.earliestDateAvailable) < start);
});

test('a period that ends before it starts is refused', async () => {
  const conn = await connect();
  const now = new Date();

  await assert.rejects(conn.updated('Contact', now, new Date(now - 3_600_000)), { errorCode: 'INVALID_REPLICATION_DATE' });
});

test('any resource may be asked for by path, by version path or by URL', async () => {
  const conn = await connect();

  const [byRoot, byVersion, byUrl] = await Promise.all([
    conn.request('/services/data/v62.0/sobjects/Account'),
    conn.request('/sobjects/Account'),
    conn.request(`${conn.instanceUrl}/services/data/v62.0/sobjects/Account/`),
  ]);

  assert.equal(byRoot.objectDescribe.name, 'Account');
  assert.deepEqual(byRoot.objectDescribe, byVersion.objectDescribe);
  assert.deepEqual(byRoot.objectDescribe, byUrl.objectDescribe);
});

test('versions are listed to anybody', async () => {
  const conn = await connect();

  const versions = await conn.request('/services/data');

  assert.equal(versions.at(-1).version, '67.0');
  assert.equal(versions.find((version) => version.version === '62.0').url, '/services/data/v62.0');
});

test('tabs and themes name what the user sees', async () => {
  const conn = await connect();

  const tabs = await conn.tabs();
  const { themeItems } = await conn.theme();
  const bySoap = await conn.soap.describeTabs();

  assert.ok(tabs.some((tab) => tab.name === 'standard-Account' && tab.sobjectName === 'Account' && tab.custom === false));
  assert.ok(themeItems.some((item) => item.name === 'Account' && item.colors.length && item.icons.length));
  assert.ok(bySoap[0].tabs.some((tab) => tab.sobjectName === 'Account'));
});

test('quick actions are listed for all and for an object', async () => {
  const conn = await connect();

  const everywhere = await conn.quickActions();
  const ofAccounts = await conn.sobject('Account').quickActions();

  assert.ok(everywhere.some((action) => action.name === 'NewContact' && action.type === 'Create'));
  assert.ok(ofAccounts.some((action) => action.name === 'Account.NewContact'));
});
