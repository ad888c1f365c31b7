using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Engine.Loading;
using Stip.Api.Registry.Packages;
using Stip.Api.Runtime;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Api.Tests.Engine;

/// <summary>The engine over ONNX Runtime and the tiny decoder.</summary>
internal sealed class RealEngine : IDisposable
{
    private const int MostSourceRows = 37;
    private readonly TemporaryFolder _folder = new();
    private readonly DecoderSnapshot _snapshot;
    private readonly FakeTimeProvider _clock = new();

    /// <param name="layout">Of the cache.</param>
    /// <param name="mixesRows">Of the graph.</param>
    /// <param name="form">Of a growing cache.</param>
    /// <param name="window">Of the second layer of a shared one; 0 for none.</param>
    /// <param name="isBounded">Whether its cache keeps no more.</param>
    /// <param name="length">Context of a shared one.</param>
    /// <param name="hasOnePositions">Of the graph of a growing one.</param>
    /// <param name="hasExperts">Of the graph of a shared one.</param>
    public RealEngine(
        string layout = CacheLayouts.Shared,
        bool mixesRows = false,
        CacheForm form = CacheForm.Named,
        int window = 0,
        bool isBounded = true,
        int length = TinyDecoder.ContextLength,
        bool hasOnePositions = false,
        bool hasExperts = false)
    {
        var manifest = layout == CacheLayouts.Growing
            ? new TinyGrowingDecoder(Form: form, HasOnePositions: hasOnePositions).WriteTo(_folder.Path)
            : new TinyDecoder(
                MixesRows: mixesRows, Window: window, IsBounded: isBounded, Length: length, HasExperts: hasExperts)
                .WriteTo(_folder.Path);
        _snapshot = new DecoderSnapshot(
            "tiny", Path.Combine(_folder.Path, "model.onnx"), TinyDecoder.HiddenSize, TinyDecoder.VocabSize,
            length, TinyDecoder.MaxTopK, TensorDtype.Float32, TensorDtype.Float32,
            TensorDtype.Float32, manifest.Graphs["decoder"].Cache!);
    }

    /// <summary>A decoder of another exporter.</summary>
    /// <param name="write">Writes its package.</param>
    public RealEngine(Func<string, PackageManifest> write)
    {
        var manifest = write(_folder.Path);
        _snapshot = new DecoderSnapshot(
            manifest.Model, _folder.At("model.onnx"), TinyDecoder.HiddenSize, TinyDecoder.VocabSize,
            TinyDecoder.ContextLength, TinyDecoder.MaxTopK, TensorDtype.Float32, TensorDtype.Float32,
            TensorDtype.Float32, manifest.Graphs["decoder"].Cache!);
    }

    /// <summary>An encoder and its decoder.</summary>
    public RealEngine(TinySequence sequence)
    {
        var manifest = sequence.WriteTo(_folder.Path);
        var next = manifest.Graphs[Roles.NextSteps(manifest)];
        _snapshot = new DecoderSnapshot(
            "pair", _folder.At(manifest.Graphs["decoder"].File), TinyDecoder.HiddenSize, TinyDecoder.VocabSize,
            TinyDecoder.ContextLength, TinyDecoder.MaxTopK, TensorDtype.Float32, TensorDtype.Float32,
            TensorDtype.Float32, next.Cache!)
        {
            Sequence = new SequenceSnapshot(
                _folder.At("encoder_model.onnx"), _folder.At(next.File), sequence.SourceLength,
                CacheTensor.CrossOf(next.Cache!))
            {
                IsMerged = sequence.IsMerged,
            },
        };
    }

    public DecoderSnapshot Snapshot => _snapshot;

    public string GraphPath => _snapshot.GraphPath;

    public EngineOptions Options { get; } = new() { IntraOpThreads = 1, SpinMicroseconds = 0, PrefillChunk = 8 };

    /// <summary>ONNX Runtime on one thread.</summary>
    public static OrtRuntime Runtime(EngineOptions? engine = null, long mostInputBytes = GrowingStep.UsualInputBytes)
    {
        var runtime = Microsoft.Extensions.Options.Options.Create(
            new RuntimeOptions { ExecutionProvider = RuntimeOptions.Cpu });
        var options = Microsoft.Extensions.Options.Options.Create(
            engine ?? new EngineOptions { IntraOpThreads = 1, SpinMicroseconds = 0 });
        return new OrtRuntime(
            new OrtProvider(runtime, options, NullLogger<OrtProvider>.Instance), runtime, options,
            NullLogger<OrtRuntime>.Instance)
        {
            MostInputBytes = mostInputBytes,
        };
    }

    /// <summary>Looks at every decoder that a host loads.</summary>
    public WatchedRuntime? Watched { get; set; }

    public DecoderHost Host()
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        return new DecoderHost(
            _snapshot, Watched ?? (IGraphRuntime)Runtime(Options), OnnxReferences.RowsOf, new CacheBudget(options),
            new LoadedGraphs(options, _clock), options, new EngineMetrics(new Meter("real")), _clock);
    }

    /// <summary>A step of rows that only a seed and their places decide.</summary>
    public ValidStep Step(string? session, int position, int rows, int seed, bool allRows, int maxLength)
    {
        var data = Steps.Rows(seed, position, rows);
        var source = _snapshot.Sequence is not null && position == 0
            ? Steps.Rows(seed, 100, 1 + seed % MostSourceRows)
            : null;
        var request = new CompletionRequest(
            "tiny", data, session, session is null ? null : position,
            new LogitsRequest(null, allRows ? LogitsRequest.All : LogitsRequest.Last), maxLength)
        {
            EncoderInputsEmbeds = source,
        };
        Assert.True(
            StepDeclaration.Judge(_snapshot, request, Options).Is(out var declaration, out var refusal),
            refusal?.Message);
        Assert.True(ValidStep.Judge(
            declaration, data.Data.Span, source is null ? default : source.Data.Span).Is(out var step, out _));
        return step;
    }

    public void Dispose() => _folder.Dispose();
}
