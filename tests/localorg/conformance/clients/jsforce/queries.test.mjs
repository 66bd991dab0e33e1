// Reading by SOQL: strings and built queries, pages, streams, children, and what queries can do with what they find.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { beginAfresh, calls, collect, connect, jsforce } from './org.mjs';

beginAfresh();

const ALL = 2000; // contacts of the seed
const small = { headers: { 'Sforce-Query-Options': 'batchSize=300' } };
let conn;

before(async () => {
  conn = await connect();
});

test('a query answers its records, their number and that it is done', async () => {
  const found = await conn.query("SELECT Id, Account.Name FROM Contact WHERE Account.Name != null LIMIT 2");

  assert.deepEqual([found.totalSize, found.done, found.records.length], [2, true, 2]);
  assert.equal(found.nextRecordsUrl, undefined);
  assert.equal(found.records[0].attributes.type, 'Contact');
  assert.equal(found.records[0].Account.attributes.type, 'Account');
});

test('nothing found is an empty list that is done', async () => {
  const found = await conn.query("SELECT Id FROM Contact WHERE LastName = 'nobody at all'");

  assert.deepEqual(found, { records: [], totalSize: 0, done: true });
});

test('pages follow one another by queryMore', async () => {
  const seen = [];
  let page = await conn.query('SELECT Id FROM Contact', small);
  seen.push(...page.records);
  assert.deepEqual([page.totalSize, page.done, page.records.length], [ALL, false, 300]);
  while (!page.done) {
    page = await conn.queryMore(page.nextRecordsUrl);
    seen.push(...page.records);
  }

  assert.equal(new Set(seen.map((record) => record.Id)).size, ALL);
});

test('autoFetch reads up to maxFetch', async () => {
  const some = await conn.query('SELECT Id FROM Contact', { ...small, autoFetch: true, maxFetch: 700 });
  const all = await conn.query('SELECT Id FROM Contact', { ...small, autoFetch: true });

  assert.deepEqual([some.records.length, some.totalSize], [700, ALL]);
  assert.deepEqual([all.records.length, all.done], [ALL, true]);
});

test('records come as events and as an object stream', async () => {
  const heard = [];
  const query = conn.query('SELECT Id FROM Contact', small).on('record', (record) => heard.push(record.Id));
  await new Promise((resolve, reject) => {
    query.on('end', resolve).on('error', reject).run({ autoFetch: true, maxFetch: 500 });
  });
  const streamed = await collect(conn.query('SELECT Id FROM Contact', { ...small, maxFetch: 500 }).stream('record'));

  assert.deepEqual([heard.length, streamed.length], [500, 500]);
});

test('a query streams as CSV', async () => {
  const text = (await collect(
    conn.query("SELECT Id, Name FROM Account ORDER BY Name LIMIT 3").stream('csv'))).join('');

  assert.equal(text.trim().split('\n').length, 4);
  assert.match(text, /^Id,Name\n001/);
});

test('scanAll finds what was deleted', async () => {
  const { id } = await conn.create('Contact', { LastName: 'Gone' });
  await conn.destroy('Contact', id);
  const soql = `SELECT Id, IsDeleted FROM Contact WHERE Id = '${id}'`;

  assert.equal((await conn.query(soql)).totalSize, 0);
  assert.equal((await conn.query(soql, { scanAll: true })).records[0].IsDeleted, true);
});

test('conditions of every kind find what they mean', async () => {
  await conn.create('Account', [
    { Name: "Qoph 'one' 50% _x", NumberOfEmployees: 10, Industry: 'Energy' },
    { Name: 'Qoph two', NumberOfEmployees: 20 },
  ]);
  const accounts = conn.sobject('Account');
  const names = async (conditions) => (await accounts.find(conditions, 'Name').sort('Name')).map((record) => record.Name);

  assert.deepEqual(await names({ Name: "Qoph 'one' 50% _x" }), ["Qoph 'one' 50% _x"]);
  assert.deepEqual(await names({ Name: { $like: 'Qoph%' } }), ["Qoph 'one' 50% _x", 'Qoph two']);
  assert.deepEqual(await names({ Name: { $like: 'Qoph%' }, NumberOfEmployees: { $gt: 10, $lte: 20 } }), ['Qoph two']);
  assert.deepEqual(await names({ Name: { $in: ['Qoph two', 'none'] } }), ['Qoph two']);
  assert.deepEqual(await names({ $and: [{ Name: { $like: 'Qoph%' } }, { Industry: { $exists: false } }] }), ['Qoph two']);
  assert.deepEqual(await names({ $or: [{ Name: 'Qoph two' }, { Industry: { $ne: 'Energy' }, Name: 'none' }] }), ['Qoph two']);
  assert.deepEqual(await names({ $not: { Name: { $ne: 'Qoph two' } } }), ['Qoph two']);
  assert.deepEqual(await names({ Name: { $nlike: 'Qoph%' }, NumberOfEmployees: 20, Industry: { $nin: ['Energy'] } }), []);
});

test('dates and literals are conditions, too', async () => {
  const { id } = await conn.create('Contact', { LastName: 'Today', Birthdate: '1990-05-06' });
  const contacts = conn.sobject('Contact');
  const found = async (conditions) => (await contacts.find({ Id: id, ...conditions }, 'Id')).length;
  const hourAgo = jsforce.SfDate.toDateTimeLiteral(new Date(Date.now() - 3_600_000));

  assert.equal(await found({ CreatedDate: jsforce.SfDate.TODAY }), 1);
  assert.equal(await found({ CreatedDate: jsforce.SfDate.LAST_N_DAYS(2) }), 1);
  assert.equal(await found({ CreatedDate: { $gt: hourAgo } }), 1);
  assert.equal(await found({ CreatedDate: { $lt: hourAgo } }), 0);
  assert.equal(await found({ CreatedDate: jsforce.SfDate.NEXT_90_DAYS }), 0);
  assert.equal(await found({ Birthdate: jsforce.SfDate.toDateLiteral('1990-05-06') }), 1);
});

test('find takes sort, limit, offset and paths of fields', async () => {
  const options = { sort: { LastName: 1, Id: -1 }, limit: 5, offset: 3 };
  const fields = { Id: 1, Name: true, Account: { Name: 1 } };

  const found = await conn.sobject('Contact').find({ AccountId: { $ne: null } }, fields, options);
  const expected = await conn.query(
    'SELECT Id FROM Contact WHERE AccountId != null ORDER BY LastName ASC, Id DESC LIMIT 5 OFFSET 3');

  assert.deepEqual(found.map((record) => record.Id), expected.records.map((record) => record.Id));
  assert.ok(found.every((record) => record.Account.Name));
});

test('findOne, count and select answer one, a number and all', async () => {
  const contacts = conn.sobject('Contact');

  assert.equal(await contacts.count(), ALL);
  assert.equal(await contacts.count({ LastName: 'nobody at all' }), 0);
  assert.match((await contacts.findOne({ Email: { $ne: null } }, 'Id')).Id, /^003/);
  assert.equal(await contacts.findOne({ LastName: 'nobody at all' }), null);
  assert.equal((await contacts.select('Id').limit(7)).length, 7);
});

test('a star asks for all fields, of a parent as well', async () => {
  const [record] = await conn.sobject('Contact').find({ AccountId: { $ne: null } }, '*, Account.*, Owner.*').limit(1);

  const described = await conn.describe('Account');
  assert.equal(Object.keys(record.Account).length, described.fields.length + 1);
  assert.ok(record.Owner.Username);
});

test('a star on a polymorphic parent asks for the fields of Name', async () => {
  const [record] = await conn.sobject('Task').find({ WhoId: { $ne: null } }, 'Id, Who.*').limit(1);

  assert.ok(record.Who.Type === 'Contact' || record.Who.Type === 'Lead');
});

test('children come in their records, null where there are none', async () => {
  const withThem = await conn.create('Account', { Name: 'With' });
  const without = await conn.create('Account', { Name: 'Without' });
  await conn.create('Contact', ['B', 'A'].map((LastName) => ({ LastName, AccountId: withThem.id })));

  const found = await conn.sobject('Account')
    .find({ Id: { $in: [withThem.id, without.id] } }, 'Id, Name')
    .include('Contacts', null, 'Id, LastName').sort('LastName').end()
    .sort('Name');

  assert.deepEqual(found[0].Contacts.records.map((child) => child.LastName), ['A', 'B']);
  assert.deepEqual([found[0].Contacts.totalSize, found[0].Contacts.done], [2, true]);
  assert.equal(found[1].Contacts, null);
});

test('autoFetch reads all pages of children', async () => {
  const { id } = await conn.create('Account', { Name: 'Many' });
  const people = [...Array(450)].map((_, n) => ({ LastName: `Child ${n}`, AccountId: id }));
  await conn.create('Contact', people, { allowRecursive: true });

  const soql = `SELECT Id, (SELECT Id, LastName FROM Contacts) FROM Account WHERE Id = '${id}'`;
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  const first = await conn.query(soql, { headers });
  const found = await conn.query(soql, { autoFetch: true, headers });

  const { totalSize, done, records } = first.records[0].Contacts;
  assert.deepEqual([totalSize, done, records.length <= 200], [450, false, true]);
  assert.equal(new Set(found.records[0].Contacts.records.map((child) => child.LastName)).size, 450);
});

test('aggregates come under their aliases', async () => {
  const { records } = await conn.query(
    'SELECT LeadSource source, COUNT(Id), MIN(CreatedDate) FROM Contact GROUP BY LeadSource ORDER BY LeadSource LIMIT 2');

  assert.equal(records[0].attributes.type, 'AggregateResult');
  assert.deepEqual(Object.keys(records[0]), ['attributes', 'source', 'expr0', 'expr1']);
});

test('a mistake in a query is an error that shows the place', async () => {
  await assert.rejects(conn.query('SELECT Id, Foo FROM Account'), (error) => {
    assert.equal(error.name, 'INVALID_FIELD');
    assert.equal(error.errorCode, 'INVALID_FIELD');
    assert.match(error.message, /\n {11}\^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Account'/);
    return true;
  });
  await assert.rejects(conn.query('SELECT Id FROM Nothing'), { errorCode: 'INVALID_TYPE' });
  await assert.rejects(conn.query('SELECT Id FORM Account'), { errorCode: 'MALFORMED_QUERY' });
  await assert.rejects(conn.queryMore('01gLo0000000000AAA-2000'), { errorCode: 'INVALID_QUERY_LOCATOR' });
});

test('a query explains its plan', async () => {
  const { plans } = await conn.query('SELECT Id FROM Contact').explain();

  assert.equal(plans[0].sobjectType, 'Contact');
  assert.equal(typeof plans[0].relativeCost, 'number');
});

test('what a query finds can be updated and destroyed', async () => {
  await conn.create('Contact', [1, 2, 3].map((n) => ({ LastName: 'Target', FirstName: `N${n}` })));
  const target = { LastName: 'Target' };

  const updated = await conn.sobject('Contact').find(target, 'Id, FirstName').update({ Title: 'Was ${FirstName}' });
  assert.equal(updated.filter((result) => result.success).length, 3);
  assert.equal(await conn.sobject('Contact').count({ ...target, Title: 'Was N2' }), 1);

  const destroyed = await conn.sobject('Contact').find(target, 'Id').destroy();
  assert.equal(destroyed.filter((result) => result.success).length, 3);
  assert.equal(await conn.sobject('Contact').count(target), 0);
});

test('above 200 records that goes by the Bulk API', async () => {
  const people = [...Array(250)].map((_, n) => ({ LastName: 'Crowd', FirstName: `N${n}` }));
  await conn.create('Contact', people, { allowRecursive: true });
  const crowd = { LastName: 'Crowd' };

  const updated = await conn.sobject('Contact').find(crowd, 'Id').update({ Title: 'T' });
  assert.equal(updated.filter((result) => result.success).length, 250);
  const destroyed = await conn.sobject('Contact').find(crowd, 'Id').destroy({ bulkApiVersion: 2 });
  assert.equal(destroyed.filter((result) => result.success).length, 250);

  assert.equal(await conn.sobject('Contact').count(crowd), 0);
  assert.equal(await calls('PATCH composite/sobjects'), 0);
});
