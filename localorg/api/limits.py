"""What resources there are, how much of the daily allowance is left, and what was used last."""

from typing import Any

from localorg.api.call import Call, Reply
from localorg.bulk import jobs

RESOURCES = (
    "query",
    "queryAll",
    "sobjects",
    "composite",
    "limits",
    "recent",
    "search",
    "parameterizedSearch",
    "jobs",
    "ui-api",
)
# Names as recorded from an Enterprise org of version 62, sizes as recorded from others or documented. What is used up
# of them, bulk jobs use.
FIXED = {
    "ActiveScratchOrgs": 3,
    "AnalyticsExternalDataSizeMB": 40_960,
    "CdpAiInferenceApiMonthlyLimit": 500_000_000,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentEinsteinDataInsightsStoryCreation": 5,
    "ConcurrentEinsteinDiscoveryStoryCreation": 2,
    "ConcurrentSyncReportRuns": 20,
    "ContentDistBandwidthLimitMB": 100,
    "ContentDistViewLimit": 500,
    "ContentPublicationLimit": 2_500,
    "DailyAnalyticsDataflowJobExecutions": 60,
    "DailyAnalyticsUploadedFilesSizeMB": 51_200,
    "DailyApexCursorLimit": 10_000,
    "DailyApexCursorRowsLimit": 100_000_000,
    "DailyApexPCursorLimit": 200_000,
    "DailyAsyncApexExecutions": 250_000,
    "DailyAsyncApexTests": 500,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDataCloudCursorLimit": 10_000,
    "DailyDataCloudCursorRowsLimit": 100_000_000,
    "DailyDataCloudFlexCredits": 0,
    "DailyDeliveredPlatformEvents": 10_000,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyEinsteinDataInsightsStoryCreation": 1_000,
    "DailyEinsteinDiscoveryOptimizationJobRuns": 0,
    "DailyEinsteinDiscoveryPredictAPICalls": 50_000,
    "DailyEinsteinDiscoveryPredictionsByCDC": 500_000,
    "DailyEinsteinDiscoveryStoryCreation": 100,
    "DailyFunctionsApiCallLimit": 235_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyMetadataRetrievesWithDependencies": 100,
    "DailyScratchOrgs": 6,
    "DailyServiceEmailAgentforceCalls": 0,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_890,
    "DataStorageMB": 1_024,
    "DurableStreamingApiConcurrentClients": 20,
    "ExternalServicesActiveObjects": 0,
    "ExternalServicesActiveOperations": 0,
    "ExternalServicesObjectProperties": 0,
    "ExternalServicesObjects": 0,
    "ExternalServicesOperations": 0,
    "ExternalServicesRegistrations": 0,
    "FileStorageMB": 1_024,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999,
    "HourlyElevateAsyncReportRuns": 1_000,
    "HourlyElevateSyncReportRuns": 500,
    "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000,
    "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlyShortTermIdMapping": 100_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "MaxContentDocumentsLimit": 30_000_000,
    "MonthlyEinsteinDiscoveryStoryCreation": 500,
    "MonthlyPlatformEventsUsageEntitlement": 0,
    "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500,
    "PlatformEventTriggersWithParallelProcessing": 5,
    "PrivateConnectOutboundCalloutHourlyLimitMB": 0,
    "PublishCallbackUsageInApex": 5,
    "ScheduledFlowRunLimit": 250_000,
    "ScheduledPathRunLimit": 250_000,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}


def resources(call: Call) -> Reply:
    body: dict[str, Any] = {name: f"{call.data_url}/{name}" for name in RESOURCES}
    return Reply(body=body | {"identity": call.org.identity_url(call.origin, call.session.user_id)})


def limits(call: Call) -> Reply:
    most, used = call.org.calls.daily_limit, call.org.calls.used
    spent = jobs.spent(call.db)
    body: dict[str, Any] = {name: {"Max": of, "Remaining": max(0, of - spent[name])} for name, of in FIXED.items()}
    body["DailyApiRequests"] = {"Max": most, "Remaining": max(0, most - used)}
    body["PermissionSets"] = {"Max": 1500, "Remaining": 1499, "CreateCustom": {"Max": 1000, "Remaining": 999}}
    return Reply(body=dict(sorted(body.items())))


def record_count(call: Call) -> Reply:
    wanted = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    found = [call.schema.find(name) for name in wanted] if wanted else list(call.schema)
    counts = []
    for sobject in found:
        if sobject is not None:
            count = call.db.execute(f'SELECT count(*) FROM "{sobject.name}"').fetchone()[0]
            counts += [{"count": count, "name": sobject.name}] if count else []
    return Reply(body={"sObjects": counts})
