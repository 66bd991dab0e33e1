// What only SOAP can: conn.soap's conversion of leads, merges, the recycle bin, and rows as SOAP writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { VERSION, beginAfresh, connect, jsforce, org, userOf } from './org.mjs';

beginAfresh();

test('a lead becomes an account, a contact and an opportunity', async () => {
  const conn = await connect();
  const { id: leadId } = await conn.create('Lead', { FirstName: 'Ann', LastName: 'Lead', Company: 'Acme' });

  const result = await conn.soap.convertLead({ leadId, convertedStatus: 'Closed - Converted', opportunityName: 'Big one' });

  assert.equal(result.success, true);
  assert.deepEqual([result.leadId, result.accountId.slice(0, 3), result.contactId.slice(0, 3), result.opportunityId.slice(0, 3)],
    [leadId, '001', '003', '006']);
  const lead = await conn.retrieve('Lead', leadId);
  assert.deepEqual([lead.IsConverted, lead.ConvertedAccountId, lead.ConvertedContactId], [true, result.accountId, result.contactId]);
  assert.equal((await conn.retrieve('Opportunity', result.opportunityId)).Name, 'Big one');
  await assert.rejects(conn.update('Lead', { Id: leadId, Title: 'x' }), { errorCode: 'CANNOT_UPDATE_CONVERTED_LEAD' });
});

test('leads are converted together, each with its result', async () => {
  const conn = await connect();
  const made = await conn.create('Lead', ['A', 'B'].map((LastName) => ({ LastName, Company: 'Acme' })));
  const { id: accountId } = await conn.create('Account', { Name: 'There already' });

  const results = await conn.soap.convertLead([
    { leadId: made[0].id, convertedStatus: 'Closed - Converted', accountId, doNotCreateOpportunity: true },
    { leadId: made[1].id, convertedStatus: 'Working - Contacted' },
  ]);

  assert.deepEqual(results.map((result) => result.success), [true, false]);
  assert.deepEqual([results[0].accountId, results[0].opportunityId], [accountId, null]);
  assert.equal(results[1].errors[0].statusCode, 'INVALID_STATUS');
});

test('duplicates are merged into their master', async () => {
  const conn = await connect();
  const [master, loser] = await conn.create('Contact', [{ LastName: 'Master' }, { LastName: 'Loser', Email: 'l@x.example' }]);
  const task = await conn.create('Task', { Subject: 'Call', WhoId: loser.id });

  const result = await conn.soap.merge({
    masterRecord: { type: 'Contact', Id: master.id, Email: 'l@x.example' }, recordToMergeIds: [loser.id],
  });

  assert.deepEqual([result.success, result.id, result.mergedRecordIds, result.updatedRelatedIds], [true, master.id, [loser.id], [task.id]]);
  assert.equal((await conn.retrieve('Contact', master.id)).Email, 'l@x.example');
  assert.equal((await conn.retrieve('Task', task.id)).WhoId, master.id);
  const { records } = await conn.query(`SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '${loser.id}'`, { scanAll: true });
  assert.deepEqual([records[0].IsDeleted, records[0].MasterRecordId], [true, master.id]);
});

test('what was deleted comes back, or goes for good', async () => {
  const conn = await connect();
  const [one, two] = await conn.create('Contact', [{ LastName: 'Back' }, { LastName: 'Away' }]);
  await conn.destroy('Contact', [one.id, two.id]);

  const [back] = await conn.soap.undelete([one.id]);
  const [away] = await conn.soap.emptyRecycleBin([two.id]);

  assert.deepEqual([back.success, back.id, away.success, away.id], [true, one.id, true, two.id]);
  assert.equal((await conn.retrieve('Contact', one.id)).LastName, 'Back');
  const [again] = await conn.soap.undelete([two.id]);
  assert.deepEqual([again.success, again.errors[0].statusCode], [false, 'UNDELETE_FAILED']);
});

test('records are created, updated, upserted and deleted', async () => {
  const conn = await connect();

  const made = await conn.soap.create([{ type: 'Contact', LastName: 'Soap' }, { type: 'Contact', FirstName: 'No name' }]);
  assert.deepEqual(made.map((result) => result.success), [true, false]);
  assert.equal(made[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  const [{ id }] = made;

  assert.equal((await conn.soap.update({ type: 'Contact', Id: id, Title: 'T & <U>' })).success, true);
  assert.equal((await conn.retrieve('Contact', id)).Title, 'T & <U>');
  await conn.soap.update({ type: 'Contact', Id: id, Title: null });
  assert.equal((await conn.retrieve('Contact', id)).Title, null);

  const upserted = await conn.soap.upsert('Tandem_Id__c', [{ type: 'Contact', Tandem_Id__c: 's', LastName: 'Soap 2' }]);
  assert.deepEqual([upserted[0].success, upserted[0].created], [true, true]);

  const deleted = await conn.soap.delete([id, upserted[0].id]);
  assert.deepEqual(deleted.map((result) => [result.id, result.success]), [[id, true], [upserted[0].id, true]]);
});

test('the server tells its time and who is calling', async () => {
  const conn = await connect('Standard User');

  const { timestamp } = await conn.soap.getServerTimestamp();
  const info = await conn.soap.getUserInfo();

  assert.ok(Math.abs(new Date(timestamp) - Date.now()) < 60_000);
  assert.equal(info.userName, userOf('Standard User').username);
  assert.match(info.userId, /^005/);
  assert.match(info.organizationId, /^00D/);
  assert.deepEqual([info.organizationMultiCurrency, info.userType], [false, 'Standard']);
});

test('a password is set, or made up anew', async () => {
  const conn = await connect();
  const { username, password } = userOf('Standard User');
  const { Id: id } = await conn.sobject('User').findOne({ Username: username }, 'Id');
  const signIn = (secret) => new jsforce.Connection({ loginUrl: org.url, version: VERSION }).login(username, secret);

  const made = await conn.soap.resetPassword(id);
  assert.equal((await signIn(made.password)).id, id);
  await conn.soap.setPassword(id, password);
  assert.equal((await signIn(password)).id, id);
  await assert.rejects(signIn(made.password), /INVALID_LOGIN/);
});

test('faults carry their code', async () => {
  const conn = await connect();
  conn._refreshDelegate = undefined;
  conn.accessToken = 'stale';

  await assert.rejects(conn.soap.getUserInfo(), (error) => {
    assert.equal(error.errorCode, 'sf:INVALID_SESSION_ID');
    return /Invalid Session ID found in SessionHeader/.test(error.message);
  });
});
