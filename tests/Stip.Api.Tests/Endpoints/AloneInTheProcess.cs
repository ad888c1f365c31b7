namespace Stip.Api.Tests.Endpoints;

/// <summary>Tests that look at the memory of this process: beside them nothing else runs, for what others hold
/// meanwhile (bodies of 64 MB among it) would be counted.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
