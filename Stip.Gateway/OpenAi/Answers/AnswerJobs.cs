using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Stip.Client.Generation;
using Stip.Client.Generation.Choices;
using Stip.Client.Tools;
using Stip.Gateway.OpenAi.Requests;
using Stip.Protocol.Errors;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>Runs the choices of a request at once, not more than <see cref="MostAtOnce"/> of them, and mixes their
/// tokens as they come. Those of one prompt share it: it is sent once.</summary>
/// <param name="request">What is asked.</param>
/// <param name="sessions">Sessions that are kept between requests.</param>
/// <param name="prompts">Token ids.</param>
/// <param name="rows">Rows of the images in the only prompt; null where there are none.</param>
/// <param name="tools">What may be called; null for nothing.</param>
internal sealed class AnswerJobs(
    AnswerRequest request,
    SessionPool sessions,
    IReadOnlyList<int[]> prompts,
    PlacedRows? rows = null,
    ToolUse? tools = null)
{
    // One request may ask for a thousand choices; a server has a few hundred sessions for everybody.
    private const int MostAtOnce = 32;

    // Parts that nobody has read yet: a caller that reads slowly makes the answers wait.
    private const int MostUnread = 64;

    public int Count => prompts.Count * request.Choices;

    public int PromptTokens => prompts.Sum(prompt => prompt.Length);

    public void CheckLengths(string field)
    {
        var longest = prompts.Max(prompt => prompt.Length);
        if (request.Model.IsSequence && !request.Model.ReadsImage)
        {
            CheckSource(longest, field);
            return;
        }

        var context = request.Model.ContextLength;
        if (longest + (long)(request.Options.MaxNewTokens ?? 1) > context)
        {
            throw new OpenAiException(
                StatusCodes.Status400BadRequest,
                StipErrorCode.ContextLengthExceeded.Name(),
                $"{longest} prompt tokens and {request.Options.MaxNewTokens ?? 1} new ones are more than the " +
                $"{context} of model '{request.Model.Id}'",
                field);
        }
    }

    // The prompt is the encoder's, and the answer has a context of its own.
    private void CheckSource(int longest, string field)
    {
        var (most, context) = (request.Model.MostPromptTokens, request.Model.ContextLength);
        var start = request.Model.StartIds(request.Options.FirstTokenId);
        var answer = start.Length + (long)(request.Options.MaxNewTokens ?? 1);
        if (longest > most || answer > context)
        {
            throw new OpenAiException(
                StatusCodes.Status400BadRequest,
                StipErrorCode.ContextLengthExceeded.Name(),
                longest > most
                    ? $"{longest} prompt tokens are more than the {most} that model '{request.Model.Id}' reads"
                    : $"{answer} tokens of an answer are more than the {context} of model '{request.Model.Id}'",
                longest > most ? field : "max_tokens");
        }
    }

    public async IAsyncEnumerable<AnswerPart> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var parts = Channel.CreateBounded<AnswerPart>(
            new BoundedChannelOptions(MostUnread) { SingleReader = true });
        using var turns = new SemaphoreSlim(Math.Max(1, MostAtOnce / request.Choices));
        var jobs = Enumerable.Range(0, prompts.Count)
            .Select(index => RunAsync(index, turns, parts.Writer, stop.Token)).ToArray();
        var all = FinishAsync(jobs, parts.Writer);
        try
        {
            await foreach (var part in parts.Reader.ReadAllAsync(cancellationToken))
            {
                yield return part;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await all;
        }
    }

    private static AnswerPart Part(
        int index, GeneratedToken token, ToolCallReader? reader, TextTokens texts, int calls)
    {
        if (reader is null)
        {
            return new AnswerPart(index, token);
        }

        var part = reader.Append(token, out var ending);
        return new AnswerPart(index, token with { Text = part.Text, FinishReason = ending })
        {
            Listed = token.Logprobs is null ? [] : texts.Add(token, part, isLast: ending is not null),
            Calls = part.Calls,
            CallsBefore = calls,
        };
    }

    private static async Task FinishAsync(Task[] jobs, ChannelWriter<AnswerPart> parts)
    {
        await Task.WhenAll(jobs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        parts.TryComplete();
    }

    private async Task RunAsync(
        int index, SemaphoreSlim turns, ChannelWriter<AnswerPart> parts, CancellationToken cancellationToken)
    {
        try
        {
            await turns.WaitAsync(cancellationToken);
            try
            {
                await RunAsync(index, parts, cancellationToken);
            }
            finally
            {
                turns.Release();
            }
        }
        catch (Exception fault)
        {
            // The first fault ends the whole answer.
            parts.TryComplete(fault);
        }
    }

    private async Task RunAsync(int prompt, ChannelWriter<AnswerPart> parts, CancellationToken cancellationToken)
    {
        var enough = Enumerable.Range(0, request.Choices).Select(_ => new CancellationTokenSource()).ToArray();
        try
        {
            await RunAsync(prompt, enough, parts, cancellationToken);
        }
        finally
        {
            Array.ForEach(enough, choice => choice.Dispose());
        }
    }

    private async Task RunAsync(
        int prompt,
        CancellationTokenSource[] enough,
        ChannelWriter<AnswerPart> parts,
        CancellationToken cancellationToken)
    {
        var readers = Enumerable.Range(0, request.Choices).Select(_ => tools?.CreateReader()).ToArray();
        var texts = readers.Select(_ => new TextTokens()).ToArray();
        var calls = new int[request.Choices];
        await foreach (var (choice, token) in Tokens(prompts[prompt], enough, cancellationToken))
        {
            // A choice may end before its text does: with its first call.
            if (enough[choice].IsCancellationRequested)
            {
                continue;
            }

            var part = Part((prompt * request.Choices) + choice, token, readers[choice], texts[choice], calls[choice]);
            calls[choice] += part.Calls.Count;
            await parts.WriteAsync(part, cancellationToken);
            if (part.FinishReason is not null)
            {
                await enough[choice].CancelAsync();
            }

            if (enough.All(one => one.IsCancellationRequested))
            {
                break;
            }
        }
    }

    // Equal tokens do not mean equal images, so that a session with images is not kept for another request.
    private IAsyncEnumerable<ChoiceToken> Tokens(
        int[] prompt, CancellationTokenSource[] enough, CancellationToken cancellationToken)
    {
        GenerationOptions[] choices =
            [.. request.OptionsOfAll().Select((choice, i) => choice with { Enough = enough[i].Token })];
        return (rows, choices.Length) switch
        {
            (null, 1) => One(sessions.GenerateAsync(prompt, choices[0], cancellationToken)),
            (null, _) => sessions.GenerateChoicesAsync(prompt, choices, cancellationToken),
            (_, 1) => One(request.Model.GenerateWithImagesAsync(
                new ImagePrompt(prompt, rows), choices[0], cancellationToken)),
            _ => request.Model.GenerateChoicesAsync(new ImagePrompt(prompt, rows), choices, cancellationToken),
        };
    }

    private static async IAsyncEnumerable<ChoiceToken> One(IAsyncEnumerable<GeneratedToken> tokens)
    {
        await foreach (var token in tokens)
        {
            yield return new ChoiceToken(0, token);
        }
    }
}
