using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Protocol.Tensors;

namespace Stip.Client.Sound;

/// <summary>
/// Writes down what is said: the owner's machine resamples a sound, makes a spectrogram where the model reads one, and
/// its graph makes permuted rows, which the server's encoder reads. Longer sounds are cut at quiet places into windows
/// that are read one after another, each by itself.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
public sealed class Transcriber
{
    private const double LeastSeconds = 0.1;

    private readonly StipModel _model;
    private readonly SoundEmbedding _sounds;
    private readonly SpeechSettings _settings;

    /// <summary>Reads the model's settings; nothing is sent yet.</summary>
    /// <exception cref="BundleException">The model reads no sounds, or its files cannot be used.</exception>
    public Transcriber(StipModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _sounds = model.Bundle.Sounds ?? throw new BundleException($"model '{model.Id}' reads no sounds");
        _settings = SpeechSettings.Read(model.Bundle);
    }

    /// <summary>True where the model can say when something is said.</summary>
    public bool HasTimes => _settings.NoTimestampsId < _model.Bundle.Manifest.VocabSize - 1;

    /// <summary>Codes of the languages that the model can be told; none where it knows one alone.</summary>
    public IReadOnlyCollection<string> Languages => [.. _settings.Languages.Keys];

    /// <summary>Writes down all of a sound.</summary>
    /// <exception cref="InvalidDataException">The sound is shorter than a tenth of a second.</exception>
    /// <exception cref="BundleException">The model has no such language or task, or writes no times.</exception>
    /// <exception cref="StipException">Refused or not reached.</exception>
    public async Task<Transcription> TranscribeAsync(
        Waveform sound, TranscriptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        var windows = new List<TranscribedWindow>();
        await foreach (var window in TranscribeWindowsAsync(sound, options, cancellationToken))
        {
            windows.Add(window);
        }

        return new Transcription(
            string.Concat(windows.Select(window => window.Text)).Trim(), windows[0].Language, sound.Duration, windows);
    }

    /// <summary>The same, each window as soon as it is written.</summary>
    /// <inheritdoc cref="TranscribeAsync"/>
    public async IAsyncEnumerable<TranscribedWindow> TranscribeWindowsAsync(
        Waveform sound,
        TranscriptionOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sound);
        options ??= new TranscriptionOptions();
        if (sound.Duration.TotalSeconds < LeastSeconds)
        {
            throw new InvalidDataException(FormattableString.Invariant(
                $"the sound is too short: it must have at least {LeastSeconds} seconds"));
        }

        var language = LanguageOf(options.Language);
        _ = Start(language ?? _settings.Languages.Keys.FirstOrDefault(), options);
        var times = options.HasTimes ? Times() : null;
        var samples = sound.At(_sounds.SampleRate).Samples;
        var isFirst = true;
        foreach (var range in SoundWindows.Cut(samples.Span, _sounds.WindowSamples))
        {
            var rows = new PlacedRows(Rows(samples[range]));
            if (language is null && _settings.Languages.Count > 0)
            {
                language = await DetectAsync(rows, cancellationToken);
            }

            var (start, end) = (Time(range.Start), Time(range.End));
            var tokens = await WriteAsync(rows, Start(language, options), times, options, cancellationToken);
            int[] ids = [.. tokens.Select(token => token.Id)];
            yield return new TranscribedWindow(start, end, language, TextOf(ids, isFirst), ids)
            {
                Segments = times is null ? [] : new SpeechSegments(times, Step, Decode).Of(tokens, start, end),
            };
            isFirst = false;
        }
    }

    // A row of the encoder.
    private TimeSpan Step => TimeSpan.FromSeconds(
        (double)_sounds.WindowSamples / _sounds.SampleRate / _model.Bundle.Manifest.Sequence!.SourceLength);

    private TimeSpan Time(Index place) => TimeSpan.FromSeconds((double)place.Value / _sounds.SampleRate);

    private string? LanguageOf(string? wanted)
    {
        if (wanted is null)
        {
            return _settings.UsualLanguage;
        }

        var code = SpeechLanguages.CodeOf(wanted);
        return _settings.Languages.ContainsKey(code) ? code : throw new BundleException(
            $"model '{_model.Id}' has no language '{wanted}'; "
            + (_settings.Languages.Count > 0
                ? $"it has {string.Join(", ", _settings.Languages.Keys)}"
                : "it is told none"));
    }

    private SpeechTimes Times() => HasTimes && _settings.NoTimestampsId is { } silent
        ? new SpeechTimes(silent, _model.Bundle.Manifest.EosTokenIds.Min(), _settings.LatestFirst)
        : throw new BundleException($"model '{_model.Id}' writes no times");

    private int[] Start(string? language, TranscriptionOptions options) =>
        _settings.StartIds(
            _model.Bundle.Manifest.Sequence!.DecoderStartTokenId, language, options.Task, options.HasTimes)
            ?? throw new BundleException($"model '{_model.Id}' translates nothing: it writes down what is said");

    private TensorPayload Rows(ReadOnlyMemory<float> samples)
    {
        var (rows, shape) = _sounds.Embed(samples);
        var bundle = _model.Bundle;
        var sent = new byte[(long)rows.Length * bundle.WireDtype.ByteSize()];
        TensorConversion.Convert(
            TensorDtype.Float32, MemoryMarshal.AsBytes<float>(rows), bundle.WireDtype, sent);
        return new TensorPayload(bundle.WireDtype.WireName(), [shape[1], shape[2]], sent);
    }

    // The likeliest token of a language behind the decoder's first, as transformers does.
    private async Task<string> DetectAsync(PlacedRows rows, CancellationToken cancellationToken)
    {
        int[] start = [_model.Bundle.Manifest.Sequence!.DecoderStartTokenId];
        await using var session = _model.OpenSession(start.Length, rows);
        var logits = await session.AppendAsync(start, cancellationToken: cancellationToken);
        return _settings.Languages.MaxBy(language => logits.Values.Span[language.Value]).Key;
    }

    private async Task<IReadOnlyList<GeneratedToken>> WriteAsync(
        PlacedRows rows,
        int[] start,
        SpeechTimes? times,
        TranscriptionOptions options,
        CancellationToken cancellationToken)
    {
        var wanted = new GenerationOptions
        {
            MaxNewTokens = options.MaxNewTokens,
            Sampling = new SamplingOptions { Temperature = options.Temperature, Seed = options.Seed },
            Times = times,
            TopLogprobs = times is null ? null : 0,
        };
        var tokens = new List<GeneratedToken>();
        await foreach (var token in _model.GenerateWithImagesAsync(
            new ImagePrompt(start, rows), wanted, cancellationToken))
        {
            tokens.Add(token);
        }

        return tokens is [.., var last] && _model.Bundle.Manifest.EosTokenIds.Contains(last.Id) ? tokens[..^1] : tokens;
    }

    private string Decode(IEnumerable<int> ids) => _model.Bundle.Tokenizer?.Decode(ids) ?? "";

    // Times are no special tokens everywhere, and no text.
    private string TextOf(int[] ids, bool isFirst)
    {
        var text = Decode(ids.Where(id => !(_settings.NoTimestampsId is { } last && id >= last)));

        // Of other models a text begins without the space that stands before its first word.
        return isFirst || _sounds.IsFilledUp || text.Length == 0 || text[0] == ' ' ? text : " " + text;
    }
}
