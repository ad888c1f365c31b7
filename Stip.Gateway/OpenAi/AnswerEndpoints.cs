using Stip.Gateway.OpenAi.Answers;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Tools;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi;

/// <summary><c>POST /v1/chat/completions</c> and <c>POST /v1/completions</c>.</summary>
internal static class AnswerEndpoints
{
    private const int DefaultTextTokens = 16;

    public static void MapAnswers(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/chat/completions", ChatAsync);
        routes.MapPost("/v1/completions", CompleteAsync);
    }

    private static async Task ChatAsync(
        HttpContext context, ServedModels models, TimeProvider time, GatewayToken token)
    {
        var fields = await AnswerRequest.ReadBodyAsync(context.Request);
        UnsupportedFields.RefuseLanguages(fields);
        UnsupportedFields.RefuseFrame(fields, areAdded: false);
        var request = AnswerRequest.Read(
            fields, models, time, defaultMaxTokens: null, LogprobsField.OfChat(fields));
        CheckSteps(context, request, token);
        var tools = ToolFields.OfChat(fields, request.Model);
        request = request.With(ResponseFormat.OfChat(fields)).Constrain(tools);
        var chat = ChatMessages.Read(fields, request.Model) with
        {
            Tools = tools?.List,
            Variables = TemplateVariables.Read(fields),
        };
        var (prompt, rows) = await chat.PlaceAsync(request.Model, context.RequestAborted);
        var head = AnswerHead.New("chatcmpl", request.Model.Id, time);
        var shape = new ChatShape(head, request.IncludesUsage, new TokenNames(request.Model.Bundle.Tokenizer));
        var jobs = new AnswerJobs(request, models.Sessions(request.Model), [prompt], rows, tools);
        jobs.CheckLengths("messages");
        await AnswerAsync(context, request, jobs, shape);
    }

    private static async Task CompleteAsync(
        HttpContext context, ServedModels models, TimeProvider time, GatewayToken token)
    {
        var fields = await AnswerRequest.ReadBodyAsync(context.Request);
        UnsupportedFields.RefuseFrame(fields, areAdded: true);
        var request = AnswerRequest.Read(fields, models, time, DefaultTextTokens, LogprobsField.OfText(fields))
            .With(ResponseFormat.OfChat(fields));
        CheckSteps(context, request, token);
        var jobs = new AnswerJobs(
            request, models.Sessions(request.Model), RawPrompts.Read(fields, request.Model));
        jobs.CheckLengths("prompt");
        var head = AnswerHead.New("cmpl", request.Model.Id, time);
        var names = new TokenNames(request.Model.Bundle.Tokenizer);
        await AnswerAsync(context, request, jobs, new TextShape(head, request.IncludesUsage, names));
    }

    // They tell what the client folder tells: which permuted index a token has, and rows.
    private static void CheckSteps(HttpContext context, AnswerRequest request, GatewayToken token)
    {
        if (request.Steps is not null)
        {
            token.Demand(context.Request, "'include_steps'");
        }
    }

    private static async Task AnswerAsync(
        HttpContext context, AnswerRequest request, AnswerJobs jobs, IAnswerShape shape)
    {
        if (request.Streams)
        {
            await new StreamedAnswer(context, jobs, shape, request).WriteAsync();
        }
        else
        {
            await WholeAnswer.WriteAsync(context, jobs, shape);
        }
    }
}
