namespace Stip.Client.Templates.Jinja.Values;

/// <summary>Anything that can be called: a macro, a global, a method with its object.</summary>
internal delegate object? TemplateFunction(CallArguments arguments);
