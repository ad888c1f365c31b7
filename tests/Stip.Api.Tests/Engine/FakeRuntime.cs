using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using Stip.Api.Engine;
using Stip.Api.Engine.Loading;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine;

/// <summary>An engine over a <see cref="FakeDecoder"/>.</summary>
internal sealed class FakeRuntime : IGraphRuntime
{
    public const int Hidden = 2;

    public const int Vocab = 3;

    private LoadedGraphs? _graphs;
    private EngineMetrics? _metrics;

    public FakeDecoder Decoder { get; } = new();

    public FakeTimeProvider Clock { get; } = new();

    public EngineOptions Options { get; } = new() { CacheMegabytes = 1 };

    public DecoderSnapshot Snapshot { get; } = new(
        "fake", "none", Hidden, Vocab, 512, Vocab, TensorDtype.Float32, TensorDtype.Float32, TensorDtype.Float32,
        new CacheManifest("shared", 1, 1, 8));

    public string Provider => "fake";

    /// <summary>Called where files are looked at before a load.</summary>
    public Action<CancellationToken>? BeforeLoad { get; set; }

    /// <summary>Called in the middle of a load.</summary>
    public Action? DuringLoad { get; set; }

    /// <summary>Asked when it is loaded.</summary>
    public Func<string, RowsBeside> RowsOf { get; set; } = _ => RowsBeside.Apart;

    public int Loads { get; private set; }

    public Meter Meter { get; } = new("fake");

    public LoadedGraphs Graphs => _graphs ??= new LoadedGraphs(
        Microsoft.Extensions.Options.Options.Create(Options), Clock);

    /// <param name="model">Its name.</param>
    /// <param name="graphBytes">About what it takes.</param>
    /// <param name="budget">Of the caches; null for one of its own.</param>
    public DecoderHost Host(string model = "fake", long graphBytes = 0, CacheBudget? budget = null) => new(
        Snapshot with { Model = model, GraphBytes = graphBytes }, this, path => RowsOf(path),
        budget ?? new CacheBudget(Microsoft.Extensions.Options.Options.Create(Options)), Graphs,
        Microsoft.Extensions.Options.Options.Create(Options), _metrics ??= new EngineMetrics(Meter), Clock);

    public ValidStep Step(string? session = null, int position = 0, int rows = 1, int? maxLength = 64)
    {
        var request = new CompletionRequest(
            "fake", new TensorPayload("float32", [rows, Hidden], default), session, session is null ? null : position,
            MaxLength: maxLength);
        Assert.True(StepDeclaration.Judge(Snapshot, request, Options).Is(out var declaration, out _));
        Assert.True(ValidStep.Judge(declaration, new byte[rows * Hidden * sizeof(float)]).Is(out var step, out _));
        return step;
    }

    public void Require(CancellationToken cancellation) => BeforeLoad?.Invoke(cancellation);

    public IDecoder LoadDecoder(DecoderSnapshot decoder)
    {
        Loads++;
        DuringLoad?.Invoke();
        return Decoder;
    }

    public IForwardGraph LoadForward(string graphPath) => throw new NotSupportedException();

    public GraphSignature Inspect(string graphPath) => throw new NotSupportedException();
}
