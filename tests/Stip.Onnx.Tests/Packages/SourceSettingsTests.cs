using Stip.Onnx.Packages;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Packages;

/// <summary>What files beside a graph say of how answers begin and end.</summary>
public sealed class SourceSettingsTests
{
    [Fact]
    public void Sequence_OfBothFiles_TakesWhatGenerationSaysFirst()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("generation_config.json"), """
            {"forced_bos_token_id": 9, "bad_words_ids": [[7], [1, 2], [5]], "suppress_tokens": [4],
             "eos_token_id": [1, 5], "begin_suppress_tokens": null}
            """);
        File.WriteAllText(folder.At("config.json"), """
            {"min_length": 6, "decoder_start_token_id": 2, "forced_bos_token_id": 8, "forced_eos_token_id": 3,
             "bos_token_id": 0}
            """);

        var settings = SourceSettings.Read(folder.Path);
        var sequence = settings.Sequence(16)!;

        Assert.Equal((16, 2, 9), (
            sequence.SourceLength, sequence.DecoderStartTokenId, sequence.ForcedBosTokenId!.Value));
        Assert.Equal([4, 7], sequence.SuppressTokens!);
        Assert.Null(sequence.BeginSuppressTokens);
        Assert.Equal(6, sequence.MinLength);
        Assert.Equal([1, 5], settings.EosTokenIds);
    }

    [Fact]
    public void Sequence_OfWhatTheDecodersSectionAloneSays_IsThat()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("config.json"), """
            {"bos_token_id": null, "encoder": {"bos_token_id": 9},
             "decoder": {"decoder_start_token_id": 2, "eos_token_id": 5, "max_position_embeddings": 512}}
            """);

        var settings = SourceSettings.Read(folder.Path);

        Assert.Equal(2, settings.Sequence(16)!.DecoderStartTokenId);
        Assert.Equal([5], settings.EosTokenIds);
        Assert.Equal(512, settings.ContextLength);
    }

    [Theory]
    [InlineData("""{"max_encoder_position_embeddings": 16384, "max_decoder_position_embeddings": 1024}""", 16384, 1024)]
    [InlineData("""{"max_source_positions": 1500, "max_target_positions": 448}""", 1500, 448)]
    [InlineData("""{"max_position_embeddings": 512}""", null, null)]
    public void Lengths_OfEncoderAndDecoder_AreTheirOwn(string config, int? encoder, int? decoder)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("config.json"), config);

        var settings = SourceSettings.Read(folder.Path);

        Assert.Equal((encoder, decoder), (settings.EncoderLength, settings.DecoderLength));
    }

    [Fact]
    public void EosTokenIds_WhereNoneIsSaid_AreWhatIsForcedAtTheEnd()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("config.json"), """{"forced_eos_token_id": 3, "min_length": 0, "bos_token_id": 0}""");

        var settings = SourceSettings.Read(folder.Path);

        Assert.Equal([3], settings.EosTokenIds);
        Assert.Null(settings.Sequence(16)!.MinLength);
    }

    [Theory]
    [InlineData("""{"0": "cat", "2": "emu", "1": "dog"}""", "cat dog emu")]
    [InlineData("""{"0": "cat", "2": "emu"}""", "")]
    [InlineData("""{"0": 5, "1": "dog"}""", "")]
    [InlineData("""["cat", "dog"]""", "")]
    public void Labels_OfAnObject_AreThoseByIndex(string labels, string names)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("config.json"), $$"""{"id2label": {{labels}}}""");

        Assert.Equal(names, string.Join(' ', SourceSettings.Read(folder.Path).Labels));
    }

    [Theory]
    [InlineData("""{"bos_token_id": 6}""", 6)]
    [InlineData("""{"eos_token_id": 1}""", null)]
    public void Sequence_WithoutAStart_BeginsWithTheTextsOrNotAtAll(string config, int? start)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("config.json"), config);

        Assert.Equal(start, SourceSettings.Read(folder.Path).Sequence(16)?.DecoderStartTokenId);
    }
}
