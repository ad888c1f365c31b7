using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Client.Tokenization;
using Stip.EndToEnd.Kit;
using Stip.Programs.Tests.Fixtures;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary><c>answer</c> against a real server: a model of questions whose weights are random.</summary>
public sealed class AnswerCommandTests(SharedServer shared)
{
    private const string Question = "Who held the cheese?";
    private const string Text = "A Crow, who was called Élise, held a piece of cheese in her beak.";
    private const float LargestDifference = 1e-5f; // of probabilities: float32 sums in another order

    [Fact]
    public async Task Answer_Protected_EqualsUnprotected_AndIsAPartOfTheText()
    {
        using var folder = new TemporaryFolder();
        await StoriesBertCheckpoint.MakeAsync(folder.At("checkpoint"), "BertForQuestionAnswering");
        await ModelPackages.RunAsync(
            "export", "--checkpoint", folder.At("checkpoint"), "--output", folder.At("plain"), "--random-weights", "1");
        var hidden = await PushAsync(folder, "permutation");
        var open = await PushAsync(folder, "none");

        // Longer than the 256 positions of the model: several windows.
        var text = string.Join(' ', Enumerable.Repeat(Text, 20));

        var answers = await AskAsync(hidden, text);
        var plain = await AskAsync(open, text, "--allow-unprotected");

        Assert.Equal(3, answers.Length);
        Assert.Equal(plain.Select(Words), answers.Select(Words));
        Assert.All(answers.Zip(plain), pair => Assert.Equal(Score(pair.Second), Score(pair.First), LargestDifference));
        Assert.All(answers, answer => Assert.Equal(
            answer.GetProperty("answer").GetString(),
            text[answer.GetProperty("start").GetInt32()..answer.GetProperty("end").GetInt32()]));
        Assert.Equal(answers.Select(Score).OrderDescending(), answers.Select(Score));
        var best = (await AskAsync(hidden, Text))[0];
        Assert.Equal(await BestOfPlainModelAsync(folder), Score(best), LargestDifference);
    }

    // The plain graph in one process, with the ids and segments that BERT's tokenizer gives a pair.
    private static async Task<float> BestOfPlainModelAsync(TemporaryFolder folder)
    {
        var tokenizer = TextTokenizer.FromFolder(folder.At("checkpoint"));
        var (question, text) = (tokenizer.Encode(Question, addSpecialTokens: true), tokenizer.Encode(Text, true)[1..]);
        long[] ids = [.. question.Concat(text)];
        long[] types = [.. question.Select(_ => 0L), .. text.Select(_ => 1L)];
        long[] mask = [.. ids.Select(_ => 1L)];
        await File.WriteAllBytesAsync(folder.At("in.safetensors"), SafetensorsWriter.ToBytes(
        [
            Numbers("input_ids", ids), Numbers("attention_mask", mask), Numbers("token_type_ids", types),
        ]));
        await ModelPackages.RunAsync(
            "run", "--model", folder.At("plain"), "--inputs", folder.At("in.safetensors"),
            "--output", folder.At("out.safetensors"));
        using var file = SafetensorsFile.Open(folder.At("out.safetensors"));
        var (starts, ends) = (Exponentials(file, "start_logits"), Exponentials(file, "end_logits"));
        int[] places = [0, .. Enumerable.Range(question.Length, text.Length - 1)];
        return (
            from start in places[1..]
            from end in places[1..]
            where end >= start && end < start + 4
            select starts[start] * ends[end]).Max()
            / places.Sum(place => starts[place]) / places.Sum(place => ends[place]);
    }

    private static SafetensorsWriter.Source Numbers(string name, long[] values) => SafetensorsWriter.Source.FromBytes(
        name, TensorDtype.Int64, [1, values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    private static float[] Exponentials(SafetensorsFile file, string name) =>
    [
        .. MemoryMarshal.Cast<byte, float>(file.Bytes(name)).ToArray().Select(MathF.Exp),
    ];

    [Theory]
    [InlineData("stories-bert", "answer needs start_logits and end_logits")]
    [InlineData("digits-vit", "takes images, not texts")]
    public async Task Answer_OfAnotherModel_SaysWhatItIs(string checkpoint, string expected)
    {
        var run = await RunAsync(await shared.PushedAsync(checkpoint), "text");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private async Task<string> PushAsync(TemporaryFolder folder, string mode)
    {
        var package = folder.At(mode);
        await ModelPackages.RunAsync(
            "protect", "--model", folder.At("plain"), "--output", package, "--mode", mode, "--name", $"asks-{mode}");
        await shared.Server.PushAsync(package);
        return package;
    }

    private async Task<JsonElement[]> AskAsync(string package, string text, params string[] options)
    {
        var run = await RunAsync(package, ["--json", "--top-k", "3", "--max-answer-length", "4", .. options, text]);
        Assert.True(run.ExitCode == 0, run.Error);
        return [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("answers").EnumerateArray()];
    }

    private Task<ProgramRun> RunAsync(string package, params string[] arguments) => ProgramRun.RunAsync(
        "Stip.Gateway",
        [
            "answer", "--question", Question, "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(),
            "--api-key", shared.Server.ApiKey, .. arguments,
        ]);

    private static float Score(JsonElement answer) => answer.GetProperty("score").GetSingle();

    private static string Words(JsonElement answer) => string.Join(' ', new[] { "answer", "start", "end" }
        .Select(name => answer.GetProperty(name).ToString()));
}
