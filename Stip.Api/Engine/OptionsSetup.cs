using Microsoft.Extensions.Options;

namespace Stip.Api.Engine;

/// <summary>Settings that are bound to one section and judged at the start.</summary>
internal static class OptionsSetup
{
    public static IServiceCollection AddSection<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddSingleton(new SettingSection(section, typeof(T)));
        services.AddSingleton<IValidateOptions<T>>(new AnnotatedOptions<T>(section));
        services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
        return services;
    }
}
