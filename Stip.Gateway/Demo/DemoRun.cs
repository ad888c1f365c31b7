using Spectre.Console;
using Stip.Client.Generation;
using Stip.Client.Templates;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Demo;

/// <summary>The story: prepare, ask, compare, report.</summary>
internal static class DemoRun
{
    private const string Question = "Tell me the fable of The Fox and the Crow.";
    private const string Beginning = "Once upon a time";
    private const int MostQuestionTokens = 256;
    private const int ContinuationTokens = 100;
    private const int GibberishTokens = 40;
    private const int RedirectedWidth = 120;

    public static async Task<int> RunAsync(bool isInteractive, CancellationToken cancellationToken)
    {
        if (!AnsiConsole.Profile.Out.IsTerminal)
        {
            AnsiConsole.Profile.Width = RedirectedWidth;
        }

        var start = TimeProvider.System.GetTimestamp();
        using var stage = new DemoStage();
        await stage.PrepareAsync(cancellationToken);

        var questions = await AskAsync(stage, cancellationToken);
        var findings = await DemoSteps.RunAsync(
            "comparison with the unprotected model on the same server",
            () => CompareAsync(stage, questions, cancellationToken));
        DemoReport.Write(findings, TimeProvider.System.GetElapsedTime(start));
        if (isInteractive)
        {
            var options = new GenerationOptions { MaxNewTokens = MostQuestionTokens };
            await using var conversation = new Conversation(stage.ProtectedModel, options, system: null);
            await ConversationLoop.RunAsync(conversation, cancellationToken);
        }

        return findings.IsExact ? ExitCodes.Done : ExitCodes.Refused;
    }

    private static async Task<IReadOnlyList<DemoQuestion>> AskAsync(
        DemoStage stage, CancellationToken cancellationToken)
    {
        var model = stage.ProtectedModel;
        var chat = Prompts.Chat(model, [new ChatMessage("user", Question)]);
        return
        [
            await AskAsync(stage, Question, chat, MostQuestionTokens, cancellationToken),
            await AskAsync(stage, Beginning, Prompts.Raw(model, Beginning), ContinuationTokens, cancellationToken),
        ];
    }

    private static async Task<DemoQuestion> AskAsync(
        DemoStage stage, string prompt, int[] ids, int maxNewTokens, CancellationToken cancellationToken)
    {
        var options = new GenerationOptions { MaxNewTokens = maxNewTokens };
        AnsiConsole.WriteLine();
        AnsiConsole.MarkupLineInterpolated($"[bold]owner asks:[/] {prompt}");
        var ours = await DemoAnswer.AskAsync(stage.ProtectedModel, ids, options, Console.Out.Write, cancellationToken);
        AnsiConsole.WriteLine();
        var theirs = await DemoAnswer.AskAsync(stage.PlainModel, ids, options, _ => { }, cancellationToken);
        return new DemoQuestion(prompt, ids, ours, theirs);
    }

    private static async Task<DemoFindings> CompareAsync(
        DemoStage stage, IReadOnlyList<DemoQuestion> questions, CancellationToken cancellationToken)
    {
        var (ours, theirs) = (stage.ProtectedModel, stage.PlainModel);
        var exactness = new Exactness(0, 0);
        foreach (var question in questions)
        {
            int[] whole = [.. question.PromptIds, .. question.Plain.TokenIds];
            exactness = exactness.And(await Exactness.MeasureAsync(ours, theirs, whole, cancellationToken));
        }

        var first = questions[0].PromptIds;
        return new DemoFindings(
            questions,
            exactness,
            await WithoutKeys.AskAsync(ours, theirs.Bundle, first, GibberishTokens, cancellationToken),
            WireSample.Of(theirs.Bundle, ours.Bundle, questions[1].PromptIds[0]),
            await Throughput.MeasureAsync(ours, theirs, first, cancellationToken));
    }
}
