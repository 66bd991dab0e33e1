// What jsforce is told by an org whose administrators thought of everything.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { beginAfresh, connect } from './org.mjs';

beginAfresh();

const reachable = { LastName: 'Client', Email: 'client@x.example' };

test('a validation rule speaks in its own words', async () => {
  const conn = await connect();

  await assert.rejects(conn.create('Contact', { LastName: 'Nobody' }), (error) => {
    assert.deepEqual(error.data, {
      message: 'Enter an e-mail address or a telephone number.', errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', fields: ['Email'],
    });
    return error.errorCode === 'FIELD_CUSTOM_VALIDATION_EXCEPTION';
  });
});

test('several rules that are broken are told together', async () => {
  const conn = await connect();
  const { id } = await conn.create('Account', { Name: 'Nofriend Works', Account_Status__c: 'Do Not Pursue' });

  await assert.rejects(conn.create('Contact', { LastName: 'Nobody', AccountId: id }), (error) => {
    assert.equal(error.errorCode, 'MULTIPLE_API_ERRORS');
    assert.deepEqual(error.data.map((each) => each.fields).sort(), [['AccountId'], ['Email']]);
    return error.data.every((each) => each.errorCode === 'FIELD_CUSTOM_VALIDATION_EXCEPTION');
  });
});

test('in a collection, the rows that keep to the rules pass', async () => {
  const conn = await connect();

  const [good, bad] = await conn.create('Contact', [reachable, { LastName: 'Nobody' }]);

  assert.equal(good.success, true);
  assert.deepEqual(bad.errors, [{
    statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'Enter an e-mail address or a telephone number.', fields: ['Email'],
  }]);
});

test('a likely duplicate is refused with its twin, and saved when the caller says so', async () => {
  const conn = await connect();
  const first = { Name: 'Zyxwv Works', BillingCity: 'Bilbao', Phone: '+1 555 0100' };
  const { id } = await conn.create('Account', first);

  await assert.rejects(conn.create('Account', first), (error) => {
    assert.equal(error.errorCode, 'DUPLICATES_DETECTED');
    assert.equal(error.message, 'Use one of these records?');
    const { allowSave, duplicateRule, matchResults } = error.data.duplicateResut;
    assert.deepEqual([allowSave, duplicateRule], [true, 'Standard_Account_Duplicate_Rule']);
    return matchResults[0].matchRecords.some((match) => match.record.Id === id);
  });
  const saved = await conn.create('Account', first, { headers: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } });
  assert.equal(saved.success, true);
});

test('a rule that blocks can not be overridden', async () => {
  const conn = await connect();
  await conn.create('Contact', reachable);
  const twin = { ...reachable, LastName: 'Other' };

  await assert.rejects(conn.create('Contact', twin, { headers: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } }), {
    errorCode: 'DUPLICATES_DETECTED', message: 'There is a contact with this e-mail address.',
  });
});

test('restricted and dependent picklists take their values alone', async () => {
  const conn = await connect();

  await assert.rejects(conn.create('Contact', { ...reachable, LeadSource: 'Pigeon' }), {
    errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message: 'Lead Source: bad value for restricted picklist field: Pigeon',
  });
  const reason = (await conn.describe('Account')).fields.find((field) => field.name === 'Status_Reason__c');
  assert.deepEqual([reason.dependentPicklist, reason.controllerName], [true, 'Account_Status__c']);
  assert.ok(reason.picklistValues.every((value) => value.validFor));
});

test('what the setup demands is missed by name', async () => {
  const conn = await connect();

  await assert.rejects(conn.create('Opportunity', { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2099-01-01' }), {
    errorCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [Region__c]',
  });
});

test('record types are described as far as the user may take them', async () => {
  const admin = await connect();
  const rep = await connect('Standard User');
  const typesOf = async (conn) => (await conn.describe('Account')).recordTypeInfos.filter((type) => type.available).map((type) => type.developerName);

  assert.deepEqual((await typesOf(admin)).sort(), ['Customer', 'Master', 'Partner']);
  assert.ok(!(await typesOf(rep)).includes('Partner'));
  const { recordTypeMappings } = await admin.sobject('Opportunity').layouts();
  const stagesOf = (name) => recordTypeMappings.find((mapping) => mapping.developerName === name)
    .picklistsForRecordType.find((list) => list.picklistName === 'StageName').picklistValues.length;
  assert.ok(stagesOf('Renewal') < stagesOf('New_Business'));
});

test('leads are assigned by the rules unless the caller declines', async () => {
  const conn = await connect();
  const lead = (LastName) => ({ LastName, Company: `${LastName} Works`, Email: `${LastName}@x.example`, LeadSource: 'Web' });

  const assigned = await conn.create('Lead', lead('Zyxwv'));
  const kept = await conn.create('Lead', lead('Qrstu'), { headers: { 'Sforce-Auto-Assign': 'FALSE' } });

  assert.match((await conn.retrieve('Lead', assigned.id)).OwnerId, /^00G/);
  assert.equal((await conn.retrieve('Lead', kept.id)).OwnerId, conn.userInfo.id);
});

test('fields that a profile hides are not there, those it locks are not written', async () => {
  const conn = await connect('Integration');
  const admin = await connect();
  const { id } = await admin.create('Account', { Name: 'Zyxwv Works', AnnualRevenue: 5 });

  assert.ok(!(await conn.describe('Account')).fields.some((field) => field.name === 'AnnualRevenue'));
  await assert.rejects(conn.query('SELECT AnnualRevenue FROM Account'), { errorCode: 'INVALID_FIELD' });
  await assert.rejects(conn.update('Account', { Id: id, Account_Status__c: 'Target' }), { errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE' });
  await assert.rejects(conn.create('Campaign', { Name: 'Fair' }), {
    errorCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message: 'entity type cannot be inserted: Campaign',
  });
});

test('a user without the API is told so', async () => {
  const conn = await connect('No API');

  await assert.rejects(conn.query('SELECT Id FROM Account'), {
    errorCode: 'API_CURRENTLY_DISABLED', message: 'API is disabled for this User',
  });
});
