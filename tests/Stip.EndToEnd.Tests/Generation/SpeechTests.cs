using Stip.Client;
using Stip.Client.Bundles;
using Stip.Client.Sound;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Encoders of sounds with decoders, from their checkpoint to what is said: served = plain.</summary>
public sealed class SpeechTests(SharedServer shared)
{
    private const int Window = 2560; // samples of 16 moments
    private const int Mels = 6;
    private const int TokenCount = 9;
    private const int Transcribe = 30;
    private const int Translate = 31;
    private const int Silent = 36;
    private const int Never = 7;
    private const int NotFirst = 9;

    private const string Generation =
        """
        {"is_multilingual": true, "lang_to_id": {"<|en|>": 27, "<|de|>": 28, "<|fr|>": 29},
         "task_to_id": {"transcribe": 30, "translate": 31}, "no_timestamps_token_id": 36,
         "forced_decoder_ids": [[1, null], [2, 30]], "suppress_tokens": [7], "begin_suppress_tokens": [9]}
        """;

    private static readonly int[] Languages = [27, 28, 29];
    private static readonly string[] Codes = ["en", "de", "fr"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transcribe_WithWhisper_IsThePlainModelsText()
    {
        using var model = await SpeechModel.PushAsync(
            shared.Server, "sequences.json", "whisper", "whisper", Generation,
            """{"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 6}""");
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        var (sound, transcriber) = (Tones.Make(2000, 3), new Transcriber(open.Model));
        var features = Features(sound);

        var found = await HearAsync(transcriber, sound, new TranscriptionOptions());
        var german = await HearAsync(transcriber, sound, new TranscriptionOptions { Language = "German" });
        var english = await HearAsync(
            transcriber, sound, new TranscriptionOptions { Language = "<|de|>", Task = SpeechTask.Translate });

        _ = Plain(plain, features, [SpeechModel.Start], 1);
        var likeliest = Languages.MaxBy(id => plain.LastRow[id]);
        Assert.Equal(Codes[likeliest - Languages[0]], found.Language);
        Assert.Equal(Plain(plain, features, [SpeechModel.Start, likeliest, Transcribe, Silent]), Ids(found));
        Assert.Equal(Plain(plain, features, [SpeechModel.Start, 28, Transcribe, Silent]), Ids(german));
        Assert.Equal(Plain(plain, features, [SpeechModel.Start, 28, Translate, Silent]), Ids(english));
        Assert.NotEqual(Ids(german), Ids(english));
        Assert.Equal("de", german.Language);
        Assert.Equal(open.Model.Bundle.Tokenizer!.Decode(Ids(german).Where(id => id < Silent)).Trim(), german.Text);
        Assert.True(open.Model.Bundle.Sounds!.IsFilledUp);
        Assert.Equal(8, open.Model.Bundle.Manifest.Sequence!.SourceLength);
        var refused = await Assert.ThrowsAsync<BundleException>(
            () => HearAsync(transcriber, sound, new TranscriptionOptions { Language = "klingon" }));
        Assert.EndsWith("has no language 'klingon'; it has en, de, fr", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidDataException>(
            () => HearAsync(transcriber, new float[100], new TranscriptionOptions()));
        await Assert.ThrowsAsync<StipException>(
            () => open.GreedyAsync([3, 4], 2, Cancellation));
    }

    [Fact]
    public async Task Transcribe_OfALongSound_ReadsItsWindowsOneAfterAnother()
    {
        using var model = await SpeechModel.PushAsync(
            shared.Server, "sequences.json", "whisper", "whisper-long", Generation, """{"feature_size": 6}""");
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        var sound = Tones.Make(3 * Window, 5);
        // The only quiet place where a cut may be.
        sound.AsSpan(2300, 40).Clear();

        var found = await HearAsync(
            new Transcriber(open.Model), sound, new TranscriptionOptions { Language = "fr" });

        Assert.Equal(0, found.Windows[0].Start.TotalSeconds);
        Assert.InRange(found.Windows[0].End.TotalSeconds * Tones.Rate, 2300, 2340);
        Assert.Equal(3.0 * Window / Tones.Rate, found.Windows[^1].End.TotalSeconds);
        Assert.All(found.Windows.Zip(found.Windows.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        foreach (var window in found.Windows)
        {
            var part = sound[Place(window.Start)..Place(window.End)];
            Assert.Equal(
                Plain(plain, Features(part), [SpeechModel.Start, 29, Transcribe, Silent]), window.TokenIds);
        }
    }

    // Times are among the tokens; the rule of Whisper is what keeps them in order.
    [Fact]
    public async Task Transcribe_WithTimes_IsThePlainModelsTextAndTimesByTheRule()
    {
        const int Silent = 32;
        const int FirstTime = 33;
        using var model = await SpeechModel.PushAsync(
            shared.Server, "sequences.json", "whisper", "whisper-timed",
            """
            {"is_multilingual": true, "lang_to_id": {"<|en|>": 27}, "task_to_id": {"transcribe": 30},
             "no_timestamps_token_id": 32, "max_initial_timestamp_index": 1}
            """,
            """{"feature_size": 6}""");
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        var transcriber = new Transcriber(open.Model);
        var options = new TranscriptionOptions { Language = "en", HasTimes = true };
        for (var seed = 3; seed < 6; seed++)
        {
            var sound = Tones.Make(2000, seed);

            var window = Assert.Single((await HearAsync(transcriber, sound, options)).Windows);

            var ids = plain.Heard(
                "input_features", Features(sound), [1, Mels, Window / 160], [SpeechModel.Start, 27, Transcribe],
                TokenCount, SpeechModel.End,
                (before, id) => PlainTimes.Allowed(plain.LastRow, before, Silent, 1, SpeechModel.End).Contains(id));
            Assert.Equal(ids, window.TokenIds);
            Assert.InRange(ids[0], FirstTime, FirstTime + 1);
            Assert.Equal(
                ids.Where(id => id < FirstTime), window.Segments.SelectMany(segment => segment.TokenIds));
            Assert.Equal((ids[0] - FirstTime) * 0.02, window.Segments[0].Start.TotalSeconds, 1e-9);
            Assert.All(window.Segments, segment =>
                Assert.InRange(segment.End.TotalSeconds, segment.Start.TotalSeconds, 0.125));
        }

        Assert.True(transcriber.HasTimes);
    }

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public async Task Transcribe_WithMoonshine_IsThePlainModelsText()
    {
        using var model = await SpeechModel.PushAsync(
            shared.Server, "spoken.json", "moonshine-untied", "moonshine", preprocessor: """
                {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "do_normalize": false, "feature_size": 1}
                """);
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var plain = new BareSequence(model.Plain);
        var transcriber = new Transcriber(open.Model);

        foreach (var (count, seed) in new[] { (1600, 2), (4321, 7) })
        {
            var sound = Tones.Make(count, seed);

            var found = await HearAsync(transcriber, sound, new TranscriptionOptions());

            Assert.Equal(
                plain.Heard("input_values", sound, [1, count], [SpeechModel.Start], TokenCount, SpeechModel.End),
                Ids(found));
            Assert.Null(found.Language);
        }

        Assert.False(open.Model.Bundle.Sounds!.IsFilledUp);
        Assert.Empty(transcriber.Languages);
        Assert.False(transcriber.HasTimes);
        await Assert.ThrowsAsync<BundleException>(() => HearAsync(
            transcriber, Tones.Make(2000, 1), new TranscriptionOptions { HasTimes = true }));
        await Assert.ThrowsAsync<BundleException>(() => HearAsync(
            transcriber, Tones.Make(2000, 1), new TranscriptionOptions { Task = SpeechTask.Translate }));
    }

    private static int[] Plain(BareSequence plain, float[] features, int[] start, int count = TokenCount) =>
        plain.Heard(
            "input_features", features, [1, Mels, Window / 160], start, count, SpeechModel.End,
            (ids, id) => id != Never && (ids.Count > 0 || id != NotFirst));

    private static int Place(TimeSpan time) => (int)Math.Round(time.TotalSeconds * Tones.Rate);

    // Filled up to a window.
    private static float[] Features(float[] sound)
    {
        var filled = new float[Window];
        sound.CopyTo(filled, 0);
        return BareSpectrogram.Of(filled, Mels);
    }

    private static int[] Ids(Transcription found) => [.. found.Windows.SelectMany(window => window.TokenIds)];

    private static Task<Transcription> HearAsync(
        Transcriber transcriber, float[] sound, TranscriptionOptions options) =>
        transcriber.TranscribeAsync(
            new Waveform(Tones.Rate, sound), options with { MaxNewTokens = TokenCount }, Cancellation);
}
