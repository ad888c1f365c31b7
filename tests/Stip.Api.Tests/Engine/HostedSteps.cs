using Stip.Api.Engine;

namespace Stip.Api.Tests.Engine;

/// <summary>Steps as tasks, which may be awaited in any order and together.</summary>
internal static class HostedSteps
{
    public static Task<Outcome<StepAnswer>> RunAsync(
        this DecoderHost host, string owner, ValidStep step, CancellationToken? cancellation = null) =>
        host.StepAsync(owner, step, cancellation ?? TestContext.Current.CancellationToken).AsTask();
}
